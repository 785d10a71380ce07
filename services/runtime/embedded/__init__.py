"""The newcomer's servers: PostgreSQL and NATS from wheels, under our own small supervisor."""
