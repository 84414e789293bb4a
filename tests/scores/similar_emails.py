"""Emails written for the measurement of similar tickets: several people have the same problem, some are alone with one.

Each is a subject and a text. The people of a group use other words, and some another language.
"""

from typing import Final

Email = tuple[str, str]

GROUPS: Final[tuple[tuple[Email, ...], ...]] = (
    (
        ("Charged twice", "My card shows two identical payments for order 48813, both from Monday. I only bought one."),
        ("double payment", "hi, you took the money two times for the same order, please give one of them back"),
        ("Doppelte Abbuchung", "Für meine letzte Bestellung wurde der Betrag zweimal von der Karte abgebucht."),
    ),
    (
        (
            "Invoice with VAT number",
            "Our accountant needs the October invoice again, with our company's VAT number on it.",
        ),
        ("invoice", "Please send me the invoice once more and put our tax number on it, the one you sent has none."),
        ("Facture", "Pourriez-vous refaire la facture avec notre numéro de TVA ? Il manque sur celle de mars."),
    ),
    (
        ("Reset link expired", "Every password reset link I get says it has expired, even a minute after it came."),
        (
            "can't reset my password",
            "I press forgot password, open the link from the email and it tells me the link is no longer valid.",
        ),
        ("Enlace caducado", "El enlace para restablecer la contraseña dice siempre que ha caducado."),
    ),
    (
        (
            "New phone, no codes",
            "I changed my phone and the authenticator app on it is empty, so I have no code to sign in with.",
        ),
        (
            "lost authenticator",
            "My old phone broke. Sign in asks for the six digits of the app that was on it. How do I get in?",
        ),
        (
            "Neues Handy",
            "Seit ich ein neues Telefon habe, fehlt mir der Code aus der Authenticator-App für die Anmeldung.",
        ),
    ),
    (
        (
            "App crashes when I take a photo",
            "As soon as I tap the camera in the app it closes. It began with the update on Friday.",
        ),
        ("closes by itself", "Your app shuts down each time I try to add a picture of the receipt with the camera."),
        ("Crash appareil photo", "L'application se ferme dès que j'ouvre l'appareil photo pour ajouter une image."),
    ),
    (
        ("Export is empty", "The CSV export of my customers has the column titles but not a single row."),
        (
            "csv file has no data",
            "I downloaded the customer list as a csv and there is nothing in it except the header line.",
        ),
        ("Esportazione vuota", "Il file CSV dei clienti che esporto è vuoto, ci sono solo i titoli delle colonne."),
    ),
    (
        ("Where is my parcel", 'Tracking has said "in transit" for nine days now. Is my parcel lost?'),
        (
            "package not arrived",
            "I ordered two weeks ago and the parcel still isn't here, the tracking page has not moved since.",
        ),
        ("Pakket niet aangekomen", "Mijn pakket staat al meer dan een week op onderweg en is nog niet bezorgd."),
    ),
    (
        ("Wrong size, exchange", "The jacket is too small. Can I swap it for one size larger?"),
        ("exchange", "I'd like to send back the shoes and get the same pair in a bigger size."),
        ("Umtausch", "Die Hose passt leider nicht, ich hätte sie gern eine Nummer größer."),
    ),
    (
        ("Cancel my subscription", "Please end my subscription at the end of the month, I can't find a button for it."),
        ("how do I cancel", "I want to stop the monthly plan and not be billed again. Where do I do that?"),
        ("Résiliation", "Je souhaite résilier mon abonnement mensuel, je ne trouve pas où le faire."),
    ),
    (
        (
            "Emails land in spam",
            "The messages that we send to our clients through your service all end up in their spam folder.",
        ),
        (
            "our newsletter goes to junk",
            "Since last week every mail we send out with your tool is put into junk by Outlook and Gmail.",
        ),
    ),
    (
        (
            "Printer offline",
            "The label printer shows as offline in your software although it is switched on and connected.",
        ),
        (
            "label printer not found",
            "Your program does not find our label printer any more, Windows prints a test page without trouble.",
        ),
        (
            "Drucker wird nicht erkannt",
            "Der Etikettendrucker wird vom Programm als offline angezeigt, obwohl er eingeschaltet ist.",
        ),
    ),
    (
        ("Change of address", "We have moved. Please change the delivery address of our account to 12 Mill Lane."),
        ("new address", "I moved house last week, could you update where my orders are sent to?"),
        ("Adresse geändert", "Bitte ändern Sie unsere Lieferadresse, wir sind letzte Woche umgezogen."),
    ),
    (
        ("Voucher not accepted", "The voucher code from your birthday email is refused at the checkout as invalid."),
        ("discount code doesn't work", "I type the 10% code and the shop says this code is not valid."),
        ("Código de descuento", "El cupón que me enviaron no funciona, al pagar dice que no es válido."),
    ),
    (
        ("Refund still missing", "You confirmed my refund three weeks ago but nothing has arrived in my bank account."),
        ("refund", "I returned the kettle in May, and I'm still waiting for the money back."),
        ("Rimborso", "Aspetto ancora il rimborso che mi avete promesso un mese fa, sul conto non c'è niente."),
    ),
    (
        (
            "Calendar off by one hour",
            "Since the clocks changed all appointments in your calendar are an hour too late.",
        ),
        ("wrong time", "Meetings that I put in at 9 are shown at 10 to my colleagues since the switch to summer time."),
    ),
    (
        ("Add a colleague", "How can I give a new colleague access to our account?"),
        ("second user", "We hired someone. How do I create a login for her in our company's account?"),
        ("Neuer Benutzer", "Wie lege ich für eine neue Mitarbeiterin einen Zugang in unserem Konto an?"),
    ),
    (
        ("Page stays white", "After signing in I only get a white page, in Firefox and in Chrome."),
        ("blank screen", "Your website shows nothing but an empty white screen when I have logged in."),
        ("Página en blanco", "Después de entrar solo veo una página en blanco, con cualquier navegador."),
    ),
    (
        ("Card declined", "My card is declined at the checkout, and my bank says that it is fine on their side."),
        ("payment refused", "I can't pay, your site rejects my credit card though there is enough money on it."),
        (
            "Carte refusée",
            "Ma carte bancaire est refusée au moment de payer alors que la banque ne voit aucun problème.",
        ),
    ),
)
ALONE: Final[tuple[Email, ...]] = (
    ("Job application", "I am looking for a position in your warehouse from August on. May I send my papers?"),
    ("Vegan glue?", "Is the glue in your notebooks made without animal products?"),
    ("Noise of the fan", "The fan of the heater hums at night, is there a quiet mode?"),
    ("School visit", "Could my class of twelve-year-olds visit your factory in spring?"),
    ("Wheelchair", "Is there a step-free entrance to your shop in Harbour Street?"),
    ("API limits", "How many requests a minute does your API allow before it answers 429?"),
    ("Gift wrapping", "Can you wrap the watch and add a card with a few words from me?"),
    ("Dark mode", "A dark theme would be kind to my eyes, do you plan one?"),
    ("Batterie entsorgen", "Wohin kann ich die alte Batterie des Rasenmähers bringen?"),
    ("Data processing agreement", "Our lawyers ask for a signed data processing agreement under the GDPR."),
    ("Allergie", "Le savon contient-il de l'huile d'amande ? Mon fils est allergique."),
    ("Press enquiry", "I write for a local paper and would like to interview your founder about the new building."),
    ("Old manual", "Do you still have the manual of the sewing machine model from 1988?"),
    ("Driver was kind", "I just want to say that your driver carried everything up to the fourth floor. Thank you!"),
    ("Webhook signature", "In which header do I find the signature of the webhook, and which hash is it?"),
    ("Reseller prices", "We run three shops in Norway and would like to sell your lamps. What are your terms?"),
    ("Blood sugar unit", "Can the meter show mmol/L instead of mg/dL?"),
    ("Parking", "Where may a van park while it picks up an order at your depot?"),
)
