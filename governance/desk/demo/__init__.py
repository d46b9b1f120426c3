"""The demo story: an invented bank with people, models, votes and a history, built by services.

Data lie in seeds/demo/*.yaml; the past is told with the clock set back, in the order in which it
happened, in one transaction. Read schema, then services, then telling.
"""
