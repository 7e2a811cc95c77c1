import threading

import pytest
@pytest.mark.concurrency
def test_benchmark(benchmark, run_concurrent):
    benchmark(lambda: sum(range(10)))
    run_concurrent(lambda: 1)


@pytest.mark.concurrency
def test_threads_in_the_benchmark(benchmark):
    def go():
        threads = [threading.Thread(target=abs, args=(1,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    benchmark(go)
