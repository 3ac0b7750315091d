# Recalls: letters that their sender takes back. Read by the sender, who answers by mail.
recall-subject = Lettere richiamate
recall-closed = Richiamata: { $address } non può più aprire la lettera.
recall-closed-opened = Richiamata: { $address } non può più aprire la lettera. Era stata aperta { $when }: quello che è stato letto o scaricato non si può riprendere.
recall-until = Le chiavi saranno distrutte tra dieci minuti. Fino ad allora, risponda « no » per riaprire tutto.
recall-copies = La Sua copia resta, e anche quelle dei colleghi.
recall-many = Molte lettere sono richiamate in poco tempo ({ $count }). Nessuno può più aprirle, ma le chiavi esistono ancora.
recall-many-what = Risponda « sì », da solo sulla prima riga, per distruggere le chiavi, oppure « no » per riaprire queste lettere.
recall-undone = Richiamo annullato: i destinatari possono di nuovo aprire ({ $count }).
recall-confirmed = Confermato: le chiavi sono distrutte ({ $count }).
