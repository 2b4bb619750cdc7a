"""Which words is generated content made of?"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ADJECTIVES: Final = _words("""
    ancient autumnal bitter bold brief bright broken careful cheap clear cold common coastal crowded
    curious deep delicate distant early easy empty familiar famous faint fine forgotten fragile fresh
    gentle golden good great green grey hidden honest humble idle large late light lonely long loud
    modern modest narrow new northern odd old open patient plain quiet rare rich rough round rural rusty
    salty seasonal sharp short silent simple slow small smooth solid southern steady stubborn subtle
    sunny sweet tall tidy tiny unusual useful warm weathered western wide wild wooden young
""")
NOUNS: Final = _words("""
    almanac anchor apple archive atlas attic bakery balcony barrel basket beacon bell bench bicycle boat
    book border bottle branch brick bridge broth cabin camera candle canal carpet cart castle cellar
    chapel chart cheese chimney clock cloud coast comet compass concert copper corner cottage courtyard
    crane creek cup diary dictionary dock door drum engine envelope farm feather fence ferry field film
    fire flute fog forest fountain frame garden gate glacier glass grain guitar hammer harbour harvest
    hedge hill honey horizon island jacket journal kettle key kitchen ladder lake lamp language lantern
    leaf lens letter library lighthouse loaf loom lock map market meadow melody mill mirror moon
    mountain museum needle notebook oak ocean orchard oven owl page paint paper path pear pebble pencil
    piano pier pigeon pine planet plough poem pond port postcard press puzzle quarry quilt radio railway
    rain raven recipe reef ribbon ridge river road roof rope rose sail saddle salt sand satellite sauce
    sea shadow shell shop signal silk sketch snow soap song soup spoon spring stable star station stone
    storm story stove street string sugar summer sundial swallow table tea telescope tent theatre thread
    tide tile timber tower trail train tram tunnel umbrella valley vessel village vineyard violin walnut
    watch water wave weather wheel willow window winter wool workshop yard
""")
VERBS: Final = _words("""
    build carry change choose clean collect compare copy count cover cut describe draw explain find fix
    fold follow grow guard hide hold keep learn lift maintain measure mend move open paint pass plan
    plant polish preserve protect read repair replace restore sell sharpen share sketch store study
    teach test translate trust understand visit watch wrap
""")
PLACES: Final = _words("""
    Aberdeen Antwerp Bergen Bologna Bristol Cadiz Cork Cracow Dresden Dublin Fez Galway Genoa Ghent
    Gothenburg Graz Hobart Innsbruck Kyoto Leeds Leiden Lisbon Ljubljana Lyon Malmo Marseille Nagasaki
    Nantes Oporto Oslo Otago Quebec Reykjavik Riga Rotterdam Salem Seville Split Tallinn Tampere Tartu
    Toledo Trieste Tromso Turin Utrecht Valencia Verona Vilnius York
""")
FIRST_NAMES: Final = _words("""
    Ada Agnes Akira Amara Anders Anna Arthur Beatriz Bruno Carla Chen Clara Dario David Edith Elena Emil
    Esra Farid Fiona Gita Hana Hugo Ida Igor Ines Isaac Ivy Jana Jonas Kofi Lars Leila Lena Linus Lucia
    Mara Marco Mei Mira Nadia Nils Noor Olga Oscar Paula Pavel Petra Priya Rafael Rosa Samir Sara Sven
    Tariq Tessa Tomas Uma Vera Viktor Wanda Yara Yusuf Zoe
""")
LAST_NAMES: Final = _words("""
    Abara Adler Almeida Andersson Bakker Banerjee Baptiste Becker Berg Bianchi Brandt Castro Cohen Costa
    Dahl Diaz Dubois Eriksen Farkas Fischer Fontaine Garcia Grant Haddad Hansen Hara Hoffmann Horvat Ito
    Jansen Jensen Kaya Keller Khan Kim Kovacs Kowalski Kumar Larsen Laurent Lindgren Lopez Maier Marino
    Martin Meyer Moreau Mori Murphy Nagy Nguyen Novak Okafor Olsen Ortega Park Patel Pereira Popescu
    Quinn Ramos Reyes Ricci Rossi Santos Sato Schmidt Silva Singh Sokolov Suzuki Tanaka Torres Vargas
    Virtanen Vogel Walsh Weber Wong Young Zeman
""")
TIMES: Final = (
    *(
        "after the rain",
        "all summer",
        "at dawn",
        "before breakfast",
        "by accident",
        "by hand",
        "every winter",
    ),
    *("for a decade", "in a single afternoon", "in the dark", "last spring", "once a year", "on Sundays"),
    *(
        "over the years",
        "since the war",
        "this autumn",
        "towards evening",
        "without any help",
        "with two friends",
    ),
)
CATEGORIES: Final = (
    *(
        "Workshop",
        "Kitchen",
        "Travel",
        "Nature",
        "History",
        "Science",
        "Music",
        "Books",
        "Language",
        "Cities",
    ),
    *("Weather", "Games"),
)
