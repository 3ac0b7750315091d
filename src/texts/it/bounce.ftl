# What comes back of notices: why a letter was not delivered, and the one answer to who presses Reply.
bounce-why-spam = il server del destinatario ha preso l'avviso per posta indesiderata.
bounce-why-no-server = nessun server riceve posta per questo indirizzo. Probabilmente è scritto male.
bounce-other-what = Il destinatario non ha ricevuto nulla. L'indirizzo è probabilmente giusto: telefoni, oppure invii un nuovo messaggio a un altro indirizzo.
bounce-said = Il suo server ha risposto: { $said }
bounce-answer-subject = { $practice }: nessuno legge questo indirizzo
bounce-answer = Nessuno legge le risposte a questo indirizzo. Il Suo messaggio non è stato letto, né conservato, né inoltrato.
bounce-answer-open = Per leggere la lettera di { $practice }, apra il link della nostra e-mail.
bounce-answer-call = Per parlare con { $practice }, chiami il { $telephone }. In caso di emergenza, chiami il 112.
bounce-answer-call-known = Per parlare con { $practice }, chiami il numero che conosce. In caso di emergenza, chiami il 112.
