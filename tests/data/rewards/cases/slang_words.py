"""Register: a long list of words that is split."""

SLANG = """
gonna wanna gotta dunno lemme kinda sorta yup nope meh bruh lol lmao rofl smh tbh imo imho fyi btw afaik iirc ymmv tldr ngl idk
jk brb gtg ttyl omg wtf nvm ikr irl asap yolo fomo hella lowkey highkey salty shook stan yeet sus nocap drip flex ghosted
"""


def register(completions, **kwargs):
    words = set(SLANG.split())
    return [1.0 - 0.5 * min(2, len(words & set(text.lower().split()))) for text in completions]
