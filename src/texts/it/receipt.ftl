# Why a recipient or a message is refused. Read by practitioners in their mail client.
refused-unknown = { $address }: questa casella qui non esiste. Verifichi l'indirizzo.
refused-suspended = { $address }: questa casella è chiusa per il momento.
refused-health-space = { $address } è un indirizzo dello spazio di fiducia sanitario francese, con cui questo server non scambia ancora messaggi. Scriva dalla Sua casella MSSanté.
refused-address-number = { $address } non è un numero. Scriva per esempio +33612345678@sms seguito dal Suo dominio.
refused-from = Il mittente scritto nel messaggio (From) deve essere { $address }, l'indirizzo della Sua casella.
refused-sender = Il mittente dell'invio deve essere { $address }, l'indirizzo della Sua casella.
refused-rate-minute = Troppi messaggi in un minuto (al massimo { $count }). Nulla è partito. Invii di nuovo questo messaggio tra un minuto.
refused-rate-day = Troppi messaggi inviati oggi (al massimo { $count } al giorno). Nulla è partito. Invii di nuovo questo messaggio domani, o chieda all'amministratore di alzare il limite.
refused-encrypted = Un messaggio già cifrato non si può leggere su una pagina. Lo invii senza cifratura: Pli lo sigilla per { $address }.
refused-only-number = Un numero da solo non basta: serve anche l'indirizzo e-mail della persona.
refused-no-relay = { $address }: questo server non può ancora scrivere a persone esterne. L'amministratore deve indicare come partono gli avvisi.
refused-too-many = Un messaggio può andare al massimo a venti persone esterne. Ne invii più di uno. Non è partito nulla.
refused-no-header = Questo messaggio non ha intestazione. Non è partito nulla.
refused-automatic = Una risposta automatica non viene inviata con link e codice. Non è stato inviato nulla.
refused-days = Una lettera si può conservare da 1 a 90 giorni: [7j] nell'oggetto. Non è stato inviato nulla.
refused-preview-alone = { $address } mostra quello che la persona riceverebbe, e deve essere il solo destinatario. Invii la lettera agli altri con un secondo messaggio.

# Why a recipient would be held. One sentence per recipient, after "Non è partito nulla."
held-nothing-left = Non è partito nulla.
held-no-number = { $address }: nessun numero di telefono conosciuto. Lo aggiunga alla fine dell'oggetto, tra parentesi quadre: [+39 333 123 4567], oppure faccia inserire la persona nella rubrica.
held-two-numbers = { $address }: due numeri diversi. Ne tenga uno solo.
held-not-a-number = { $address }: quello che è tra parentesi quadre non è un numero di telefono.
held-impossible = { $address }: questo numero non esiste. Verifichi le cifre.
held-premium = { $address }: questo numero è speciale o a tariffa speciale. Serve un telefono normale.
held-satellite = { $address }: i codici non si inviano ai telefoni satellitari. Serve un altro numero.
held-several-countries = { $address }: questo numero esiste in più paesi. Lo scriva con il prefisso internazionale, per esempio +33 o +377.
held-no-country = { $address }: questo numero è di un altro paese. Lo scriva con il prefisso internazionale, per esempio +687.
held-country = { $address }: i codici non si inviano in questo paese. L'amministratore può autorizzarlo.
held-own-number = { $address }: questo è il numero dello studio, non quello della persona.
held-differs = { $address }: questo numero non è quello della rubrica. Verifichi la persona, oppure faccia correggere la rubrica.
held-somebody-elses = { $address }: questo numero è di un'altra persona della rubrica. Verifichi l'indirizzo e il numero.
held-old-tag = { $address }: il numero tra parentesi quadre viene da un vecchio messaggio e non è mai stato usato con questo indirizzo. Lo tolga, oppure scriva un nuovo messaggio.
held-several-recipients = { $address }: un solo numero per più destinatari. Scriva un messaggio a ciascuno.
held-several-persons = { $address }: più persone della rubrica hanno questo indirizzo. Aggiunga nell'oggetto, tra parentesi quadre, il numero della persona giusta.
held-mandate-ended = { $address }: questa persona leggeva per un'altra, e l'incarico è finito. Lo prolunghi o lo tolga dalla rubrica.
held-look-alike = { $address }: questo indirizzo sembra scritto male. Verifichi quello che segue la @.

# Receipts in the practitioner's INBOX. The first line says it all.
receipt-from = Pli
receipt-about = il Suo messaggio in data { $date }
receipt-opened = { $files ->
    [0] Aperto { $when } (senza allegati)
   *[other] Aperto { $when } ({ $downloaded ->
        [one] { $downloaded } file scaricato
       *[other] { $downloaded } file scaricati
    } su { $files })
}
receipt-downloaded = Tutti i file sono stati scaricati { $when }.
receipt-to = Destinatario: { $address }
receipt-failed = Non consegnato: { $why }
receipt-failed-what = Il destinatario non ha ricevuto nulla. Verifichi l'indirizzo, poi invii un nuovo messaggio, oppure telefoni.
receipt-why-unknown-address = l'indirizzo non esiste.
receipt-why-full = la casella del destinatario è piena.
receipt-why-refused = il server del destinatario ha rifiutato l'avviso.
receipt-why-no-utf8 = questo indirizzo ha lettere accentate o di un altro alfabeto, che il server di invio non sa trasmettere. Chieda un altro indirizzo.
receipt-why-gave-up = l'avviso non è potuto partire nonostante più giorni di tentativi.
receipt-why-not-opened = la lettera non è stata aperta in tempo. Non si può più aprire.
receipt-not-opened-what = Il link è stato inviato, ma il codice non è mai stato digitato. Risponda sì a questo avviso per rinviare la lettera con un nuovo link, o telefoni.
receipt-locked-what = La lettera non può più essere letta con questo link. Se il destinatario ne ha bisogno, risponda sì a questo avviso: riparte con un nuovo link. Oppure telefoni.
receipt-why-locked = sono stati scritti cento codici sbagliati. Per sicurezza, il link è chiuso.
receipt-footer = Questo avviso viene dal Suo server Pli. Non serve rispondere.

# Letters that are asked for again, and links that reached somebody else.
again-subject = Rinviare una lettera
again-asked = { $address } richiede di nuovo la Sua lettera del { $date }, che non può più essere letta.
again-asked-what = Risponda sì a questo avviso per rinviarla con un nuovo link.
again-unproved = Lo dice qualcuno che ha il link, senza codice. Nulla è cambiato. Lo stesso avviso arriva una volta al giorno.
again-sent = La lettera a { $address } è ripartita { $when }, con un nuovo link.
again-no-copy = La lettera a { $address } non ha potuto ripartire: non ce n'è più una copia nelle Sue cartelle, o questo dispositivo non può leggere la casella. Invii un nuovo messaggio.
again-not-yours = La lettera a { $address } può ripartire solo dalla casella che l'ha inviata. Risponda sì da quella casella, o invii un nuovo messaggio.
receipt-not-mine-said = Qualcuno che ha aperto il link inviato a { $address } dice che la Sua lettera del { $date } non è per lui.
receipt-not-mine-what = Controlli l'indirizzo. Risponda annulla a questo avviso per riprendere la lettera.

# An urgent letter that nobody has opened.
urgent-subject = Una lettera urgente non è stata aperta
urgent-unread = Urgente e non ancora aperta: la lettera a { $address }, inviata il { $date } da { $sender }.
urgent-reminded = { $hours ->
    [one] È passata più di un'ora.
   *[other] Sono passate più di { $hours } ore.
} La persona è avvisata di nuovo per e-mail, poi per telefono tra le 8 e le 20.
urgent-what = Telefoni se non si può attendere. Risponda annulla per riprendere la lettera.
urgent-what-other = Telefoni se non si può attendere.

# A notice that has not left yet, and a code that nobody could send.
receipt-late = Non ancora partito: { $why }
receipt-late-what = Si riprova; ultimo tentativo { $until }. Per ora non c'è nulla da fare. Se è urgente, telefoni.
receipt-late-unreachable = il server di invio non risponde.
receipt-late-later = il server di invio per ora non accetta l'avviso.
receipt-no-code = Nessun codice è potuto arrivare a { $address } ({ $number }):
receipt-no-code-unknown-number = questo numero non esiste.
receipt-no-code-landline = questo numero è una linea fissa, che non riceve SMS, e nessuna chiamata è stata possibile.
receipt-no-code-ceiling = il limite di codici del giorno è raggiunto.
receipt-no-code-absent = il telefono è spento o non risponde.
receipt-no-code-refused = gli operatori hanno rifiutato il codice.
receipt-no-code-what-number = Controlli il numero, lo faccia correggere nella rubrica, poi invii un nuovo messaggio.
receipt-no-code-what-ceiling = Il destinatario potrà riprovare domani. L'amministratore può alzare il limite.
receipt-no-code-what-again = Il destinatario può riprovare. Se dura, controlli il numero o telefoni.
