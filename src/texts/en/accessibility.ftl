# The statement of accessibility, and its mention at the foot of every page.

accessibility-mention = Accessibility: partially compliant
accessibility-title = Accessibility statement
accessibility-state-heading = How accessible these pages are
accessibility-state = These pages are made for everybody: on an old telephone, with large letters, by keyboard, with a screen reader. They are partially compliant with the French general accessibility framework (RGAA), version 4.1, which follows WCAG and the standard EN 301 549.
accessibility-found = Of its 106 criteria, { $applicable } concern these pages; { $kept } of these are met. The other { $without } speak of things that are not there, such as videos.
accessibility-missing-heading = What is not accessible
accessibility-missing-readers = People who use a screen reader have not tried these pages yet. This is why we do not call them fully compliant.
accessibility-missing-letters = The text of a letter is shown as the person who writes to you made it: its headings, its tables, its images. A screen reader reads it in the language that this person has given, or else in that of the practice: it is not always the right one. Where this person has not described an image, the name of its file stands in for it.
accessibility-missing-files = Attached files come from that person too. A screen reader cannot always read a PDF or a photograph. Ask the practice to give them to you in another way.
accessibility-how-heading = How we checked
accessibility-how = We assessed these pages ourselves: every page, in every situation and in five languages, in the browser Chromium with the tool axe-core; in light and in dark colours; on a screen 320 pixels wide and on a large one; enlarged to 200%; by keyboard alone; without JavaScript.
accessibility-made-of = These pages are made of HTML and CSS. JavaScript is not needed.
accessibility-day = This statement was made on { $day }.
accessibility-tell-heading = Is something in your way?
accessibility-tell = Call the practice that wrote to you. Its telephone number is at the foot of the page of your letter, and in the e‑mail that you received.
accessibility-tell-other = Say what does not work, and how you would rather have the letter: they must answer you, and give it to you in another way.
accessibility-tell-contact = You can also write to those who run these pages:
accessibility-remedy-heading = If you get no answer
accessibility-remedy = In France, if you get no satisfactory answer, you can turn to the Defender of Rights (Défenseur des droits), free of charge: on 09 69 39 00 00, at defenseurdesdroits.fr, or with its delegate in your region.
accessibility-remedy-address = By post, without a stamp: Défenseur des droits, Libre réponse 71120, 75342 Paris CEDEX 07, France.
accessibility-remedy-abroad = In another country, turn to the authority that defends the rights of people with disabilities there.
