"""Images built so that the same source makes the same image, with what is said of them in one step.

``origin`` tells where the source comes from, ``bases`` pins what it builds on, ``builders`` drives whichever program is
there, ``provenance`` says what was done, ``building`` joins them. No image is built by Lockgate itself.
"""
