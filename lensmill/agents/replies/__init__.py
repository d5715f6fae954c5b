"""Lenient reading: what a model meant by a reply, or what it should fix.

Replies are hostile and sloppy at once. Nothing here runs what it reads, every pass is linear in a capped text, and the
reply itself is kept verbatim in its message, whatever is made of it here.
"""
