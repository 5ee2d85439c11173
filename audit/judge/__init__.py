"""Judgement: stored tables in, judged tables out. No I/O, no clock of its own."""
