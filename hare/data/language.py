"""Is a text in English? By its scripts, and by its commonest words.

A text is not English when three tenths of it are written in another script, or when the small
words of another language outnumber those of English. A text with no small words at all, such as
the comma list of an image prompt, gets the benefit of the doubt: this finds texts that are plainly
something else. Code, addresses and quoted literals are left out of the count.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

MOST_FOREIGN = 0.3  # share of letters in other scripts than the Latin one
LEAST_PROSE = 0.2  # share of a text outside code below which the code is read as well
LEAST_EVIDENCE = 3  # small words of another language

# The commonest words of each language that are no common English ones.
_SMALL_WORDS = {
    "English": "the of and to in is that for it with as you be this are from or your by not have an"
    " will can if at we which when all use one their any what how do into should must",
    "Spanish": "el la los las de que y en un una para con por del se su es como más este esta cada"
    " o al lo usuario sobre debes eres",
    "Portuguese": "o os as que e em um uma para com por do da dos das se seu sua não mais como você"
    " deve ao cada este esta uma são",
    "French": "le la les des du de et en un une pour avec que qui dans sur est vous votre au aux ce"
    " cette par plus tu il ne pas ou chaque",
    "Italian": "il lo la gli le di che e un una per con del della dei delle nel sono come più"
    " questo ogni tu sei si alla ed o al",
    "German": "der die das und den dem ein eine einen für mit auf ist nicht sie von zu wie oder im"
    " du bei aus dass werden bist als auch er es",
    "Dutch": "de het een en van voor met niet je op zijn dat wordt te bij ook maar naar deze hun"
    " uit wat er aan als",
    "Swedish": "och att det som en ett för med inte är på av den till du om har kan från eller",
    "Polish": "i w na z się nie do to jest że dla jak lub oraz przez po które od jesteś każde żeby",
    "Turkish": "ve bir bu için ile da de olarak gibi daha her olan sen çok veya kadar ne en mi",
    "Indonesian": "dan yang untuk dengan di dari ini itu adalah dalam pada kamu anda tidak atau"
    " akan sebagai oleh ke dapat",
    "Vietnamese": "và của là có cho các với một những không được trong này bạn để khi từ hoặc",
    "Romanian": "și de la în cu pentru un o care este din pe să nu sunt sau mai ca ce",
    "Czech": "a je na se v že pro s do z jako nebo by které jsou při tak ale jsi",
    "Finnish": "ja on ei se että oli ovat tai kun niin mutta joka sinun olet kuin",
}
_LANGUAGES: dict[str, frozenset[str]] = {
    name: frozenset(words.split()) for name, words in _SMALL_WORDS.items()
}
# A word that English shares is no evidence for another language.
for _name in _LANGUAGES:
    if _name != "English":
        _LANGUAGES[_name] -= _LANGUAGES["English"] | {"a", "i", "o", "s", "do", "no", "me", "on"}

_NO_PROSE = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+")


def foreign_language(text: str) -> str:
    """The language or script that a text is plainly written in when that is not English, else "".

    >>> foreign_language("Il faut que vous lisiez le texte avec les enfants.")
    'French'
    >>> foreign_language("Read the text with the children.")
    ''
    """
    prose = _NO_PROSE.sub(" ", text)
    if len(prose) < LEAST_PROSE * len(text):
        prose = text  # a prompt that is written as one block of code
    signs = Counter(prose)
    scripts: Counter[str] = Counter()
    for sign, count in signs.items():
        if sign.isalpha():
            scripts[_script(sign)] += count
    letters = sum(scripts.values())
    # An ideograph or a syllable sign says about as much as three letters do.
    dense = sum(scripts[s] for s in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL"))
    if letters and (letters - scripts["LATIN"] + 2 * dense) > MOST_FOREIGN * (letters + 2 * dense):
        script = max((s for s in scripts if s != "LATIN"), key=lambda s: (scripts[s], s))
        return f"{script.capitalize() if script != 'CJK' else script} script"
    words = Counter(word.lower() for word in _WORD.findall(prose))
    counts = {name: sum(words[word] for word in small) for name, small in _LANGUAGES.items()}
    english = counts.pop("English")
    best = max(counts, key=lambda name: counts[name])
    if counts[best] >= LEAST_EVIDENCE and counts[best] > english:
        return best
    # One line of another language holds few small words, but letters that English lacks.
    return best if counts[best] and not english and re.search(r"[À-ɏ]", prose) else ""


def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0]
