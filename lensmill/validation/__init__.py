"""Validation of training rows: reads a row as its trainer would, and finds what would fail or teach wrong things.

One file a format. Each reads a row into a `Conversation` and names shape traps on the way; then checks that are shared
by the formats run over the conversation: pictures, texts, calls, boxes, turns, tokens, and the chat template.
"""
