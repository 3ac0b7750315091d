# The statement of accessibility, and its mention at the foot of every page.

accessibility-mention = Accessibilità: parzialmente conforme
accessibility-title = Dichiarazione di accessibilità
accessibility-state-heading = Stato di conformità
accessibility-state = Queste pagine sono fatte per tutti: su un vecchio telefono, con caratteri grandi, con la tastiera, con un lettore di schermo. Sono parzialmente conformi al quadro francese per l’accessibilità (RGAA), versione 4.1, che segue le WCAG e la norma EN 301 549.
accessibility-found = Dei suoi 106 criteri, { $applicable } riguardano queste pagine; { $kept } sono rispettati. Gli altri { $without } parlano di cose che qui non ci sono, come i video.
accessibility-missing-heading = Che cosa non è accessibile
accessibility-missing-readers = Persone che usano un lettore di schermo non hanno ancora provato queste pagine. Per questo non diciamo che sono del tutto conformi.
accessibility-missing-letters = Il testo di una lettera è mostrato come lo ha fatto la persona che Le scrive: i titoli, le tabelle, le immagini. Un lettore di schermo lo legge nella lingua che quella persona ha indicato, altrimenti in quella dello studio: non è sempre quella giusta. Dove quella persona non ha descritto un’immagine, al suo posto c’è il nome del file.
accessibility-missing-files = Anche i file allegati vengono da quella persona. Un lettore di schermo non sempre può leggere un PDF o una fotografia. Chieda allo studio di darglieli in un altro modo.
accessibility-how-heading = Come abbiamo controllato
accessibility-how = Abbiamo valutato noi stessi queste pagine: ogni pagina, in ogni situazione e in cinque lingue, nel browser Chromium con lo strumento axe-core; in chiaro e in scuro; su uno schermo largo 320 pixel e su uno grande; ingrandite al 200 %; con la sola tastiera; senza JavaScript.
accessibility-made-of = Queste pagine sono fatte in HTML e CSS. JavaScript non è necessario.
accessibility-day = Dichiarazione redatta il giorno { $day }.
accessibility-tell-heading = C’è qualcosa che La ostacola?
accessibility-tell = Chiami lo studio che Le ha scritto. Il suo telefono è in fondo alla pagina della Sua lettera e nell’e‑mail che ha ricevuto.
accessibility-tell-other = Dica che cosa non va e come preferisce ricevere la lettera: lo studio deve risponderLe e dargliela in un altro modo.
accessibility-tell-contact = Può anche scrivere a chi gestisce queste pagine:
accessibility-remedy-heading = Se non riceve risposta
accessibility-remedy = In Francia, se non riceve una risposta soddisfacente, può rivolgersi al Difensore dei diritti (Défenseur des droits), gratuitamente: al numero 09 69 39 00 00, sul sito defenseurdesdroits.fr, o presso il suo delegato nella Sua regione.
accessibility-remedy-address = Per posta, senza francobollo: Défenseur des droits, Libre réponse 71120, 75342 Paris CEDEX 07, Francia.
accessibility-remedy-abroad = In un altro paese, si rivolga all’autorità che vi difende i diritti delle persone con disabilità.
