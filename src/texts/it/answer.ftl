# Answers to a letter, written on its page.

## The page
answer-heading = Rispondere
answer-emergency = Non per le emergenze: le risposte non vengono lette subito. In caso di emergenza chiami il { $first } o il { $second }.
answer-emergency-one = Non per le emergenze: le risposte non vengono lette subito. In caso di emergenza chiami il { $first }.
answer-away = La persona che Le ha scritto è assente { $until }.
answer-text-label = La Sua risposta
answer-files-label = Allegare foto o PDF
answer-files-hint = Al massimo { $count } file, { $size } in tutto.
answer-other-summary = Allegare un altro tipo di file
answer-other-label = Altri file
answer-safe = La Sua risposta è protetta come questa lettera. L’invio di foto può durare un minuto: lasci aperta questa pagina.
answer-button = Inviare la risposta
answer-sent-title = La Sua risposta è partita
answer-sent = { $files ->
    [0] Risposta inviata { $at }.
    [one] Risposta inviata { $at }, con { $files } file.
   *[other] Risposta inviata { $at }, con { $files } file.
}
answer-sent-next = Lo studio la riceve nella sua posta. Se Le risponde, riceverà una nuova e‑mail.
answer-waiting = Una risposta scritta { $at } non è ancora partita: attende un codice.
answer-closed-off = A questa lettera non si può rispondere qui.
answer-closed-over = Il tempo per rispondere qui è passato.
answer-closed-full = La casella dello studio è piena. Non può ricevere risposte.
answer-closed-enough = Oggi sono state inviate molte risposte. Riprovi domani.
answer-closed-ended = La persona che Le ha scritto ha chiuso questa conversazione.
answer-call = Per contattarci, chiami il { $telephone }.
answer-call-silent = Per contattarlo, chiami lo studio che Le ha scritto.

## What went wrong
answer-nothing = Scriva la Sua risposta, o alleghi un file.
answer-too-long = Il Suo testo è troppo lungo: al massimo { $count } caratteri.
answer-too-large = I Suoi file sono troppo grandi: al massimo { $size } in tutto.
answer-too-many = Ci sono troppi file: al massimo { $count }.
answer-program = «{ $name }» è un programma. Non può essere inviato.
answer-infected = «{ $name }» contiene un virus. Non può essere inviato.
answer-not-scanned = Al momento non possiamo controllare i Suoi file. Riprovi più tardi, o invii il testo senza file.
answer-busy = Arrivano troppi file nello stesso momento. Riprovi fra un minuto.
answer-broken-off = La Sua risposta non è arrivata intera. La invii di nuovo.
answer-failed = Un piccolo problema da parte nostra: riprovi tra qualche minuto.
answer-not-sent = Non è stato inviato nulla. Il Suo testo è ancora qui; scelga di nuovo i file.

## The page had closed
answer-kept-link = La Sua risposta è conservata, ma non è ancora partita: la pagina si era chiusa. Chieda un codice e lo digiti { $until }. Partirà subito.
answer-lost-title = La Sua risposta non è partita
answer-lost-text = Ecco il Suo testo: può copiarlo.
answer-lost-link = Aprire la lettera

## In the practitioner's INBOX
answer-from-patient = { $name } (paziente)
answer-from-carer = { $name } (familiare)
answer-below-who = Risposta di { $address }, scritta { $when } sulla pagina protetta, aperta con un codice inviato al numero che finisce per { $two }.
answer-below-how = Per scrivere a questa persona, risponda a questo messaggio: la risposta parte come lettera protetta, allo stesso numero.
