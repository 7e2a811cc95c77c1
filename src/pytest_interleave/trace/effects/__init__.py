"""The effects of switches: the steps of different threads in an order that can explain a failure."""
