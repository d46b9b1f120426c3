"""The desk's pages: parse, call one service or query, present."""
