import threading, pytest, time
@pytest.mark.concurrency
def test_locked_30000(run_concurrent):
    lock = threading.Lock(); n=[0]
    def work():
        for _ in range(30_000):
            with lock: n[0]+=1
    run_concurrent(work)
    assert n[0]==60000
@pytest.mark.concurrency
def test_locked_30000_timeout(run_concurrent):
    lock = threading.Lock(); n=[0]
    def work():
        for _ in range(30_000):
            with lock: n[0]+=1
    run_concurrent(work, timeout=5)
    assert n[0]==60000
@pytest.mark.concurrency
def test_shared_target(run_concurrent):
    lock = threading.Lock(); n=[0]
    def work():
        while n[0] < 60_000:
            with lock: n[0]+=1
    run_concurrent(work, timeout=5)
    assert n[0]>=60000
@pytest.mark.concurrency
def test_stop_flag_join_timeout():
    stop = threading.Event(); c=[0]
    def work():
        while not stop.is_set(): c[0]+=1
    t=threading.Thread(target=work); t.start()
    t.join(timeout=0.5)
    assert t.is_alive()
    stop.set(); t.join()
@pytest.mark.concurrency
def test_stop_flag_sleep():
    stop = threading.Event(); c=[0]
    def work():
        while not stop.is_set(): c[0]+=1
    t=threading.Thread(target=work); t.start()
    time.sleep(1)
    assert t.is_alive()
    stop.set(); t.join()
@pytest.mark.concurrency
def test_polls_forever_bad():
    def work():
        while True: time.sleep(0.1)
    t=threading.Thread(target=work); t.start()
    t.join()
@pytest.mark.concurrency
def test_fails_late_bad(run_concurrent):
    n=[0]
    def work():
        for _ in range(30_000):
            n[0]+=1
    run_concurrent(work)
    assert n[0]==60000
