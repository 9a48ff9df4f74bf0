"""Reports for those who may not read personal data: people as pseudonyms, values hidden. Pure.

What is told is concealed before it is rendered, noun by noun; a text is kept only where it is known to be about nobody.
"""
