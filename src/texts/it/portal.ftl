# The patient's pages. Plain, warm, simple: read at eighty, on a small telephone.

## Moments, sizes, kinds
portal-month-1 = gennaio
portal-month-2 = febbraio
portal-month-3 = marzo
portal-month-4 = aprile
portal-month-5 = maggio
portal-month-6 = giugno
portal-month-7 = luglio
portal-month-8 = agosto
portal-month-9 = settembre
portal-month-10 = ottobre
portal-month-11 = novembre
portal-month-12 = dicembre
portal-day = { $day ->
    [1] 1º
   *[other] { $day }
} { $month }
portal-day-year = { $day ->
    [1] 1º
   *[other] { $day }
} { $month } { $year }
# "Giorno" and "ore" spare the article, which would change before 1, 8 and 11.
portal-time = { $hour ->
    [0] 00
   *[other] { $hour }
}:{ $minute }
portal-hour = { $hour ->
    [0] 00
   *[other] { $hour }
}:00
portal-moment = { $day }, ore { $time }
portal-at-time = alle ore { $time }
portal-at-day-time = il giorno { $day } alle ore { $time }
portal-until-time = fino alle ore { $time }
portal-until-day-time = fino al giorno { $day } alle ore { $time }
portal-decimal-point = ,
portal-size-bytes = { $size } byte
portal-size-kb = { $size } KB
portal-size-mb = { $size } MB
portal-kind-pdf = PDF
portal-kind-image = immagine
portal-kind-audio = audio
portal-kind-video = video
portal-kind-calendar = appuntamento
portal-kind-text = testo
portal-kind-message = messaggio
portal-kind-archive = cartella compressa
portal-kind-sheet = foglio di calcolo
portal-kind-document = documento
portal-kind-other = file

## Around every page
portal-skip = Vai al contenuto
portal-languages = Lingua
portal-demonstration = Dimostrazione – non scriva qui nessuna informazione vera.
portal-call = Telefono:
portal-error-title = Errore: { $title }

## The link: how the code shall come
portal-choose-title = Riceva il Suo codice
portal-choose-heading = C’è una lettera per Lei
portal-choose-text = Per proteggerla, Le inviamo un codice di 6 cifre sul Suo telefono.
portal-choose-legend = Come desidera ricevere il codice?
portal-choose-legend-one = Ecco come può ricevere il codice. Lo selezioni per accettare:
portal-choose-sms = Con un SMS
portal-choose-sms-hint = Un messaggio scritto sul Suo cellulare
portal-choose-voice = Con una telefonata
portal-choose-voice-hint = Il Suo telefono squilla e una voce dice le cifre
portal-choose-button = Invia il codice
portal-choose-one = Prima scelga: con un SMS o con una telefonata.
portal-choose-one-sms = Prima scelga «Con un SMS», poi invii il codice.
portal-choose-one-voice = Prima scelga «Con una telefonata», poi invii il codice.
portal-choose-none = In questo momento non possiamo inviare un codice. Ci chiami al { $telephone }.
portal-choose-none-silent = In questo momento non possiamo inviare un codice. Riprovi più tardi, oppure chiami lo studio che Le ha scritto.
portal-kept = Questa lettera La aspetta fino al giorno { $day }.
portal-wait = Per ora non può chiedere un altro codice. Potrà farlo { $at }.
portal-failed-landline = Questo numero non riceve SMS.
portal-failed-unknown-number = Questo numero non esiste. Chiami lo studio per farlo correggere.
portal-failed-stopped = Lei ha rifiutato i nostri SMS (rispondendo STOP).
portal-failed-ceiling = Per ora non possiamo più inviare codici a questo numero. Riprovi domani, o chiami lo studio.
portal-failed-sms = Non è stato possibile inviare l’SMS.
portal-failed-voice = Non è stato possibile fare la telefonata.
portal-then-again = Riprovi.
portal-then-sms = Scelga l’SMS.
portal-then-voice = Scelga la telefonata.
portal-then-again-or-sms = Riprovi, oppure scelga l’SMS.
portal-then-again-or-voice = Riprovi, oppure scelga la telefonata.

## The link: the code
portal-enter-title = Scriva il Suo codice
portal-enter-heading = Scriva il Suo codice
portal-sent-sms = Abbiamo inviato un SMS al numero che finisce con { $two }.
portal-sms-leaving = Stiamo inviando un SMS al numero che finisce con { $two }.
portal-follows = Questa pagina dice da sola che cosa succede al codice. Se il codice non può arrivare, Le mostra come proseguire.
portal-sms-unknown = Non sappiamo ancora se è arrivato.
portal-sms-arrived = È arrivato sul telefono { $at }.
portal-sms-failed = L’SMS non è arrivato.
portal-phone-absent = Il Suo telefono è spento o non ha campo.
portal-sent-voice = Stiamo chiamando il numero che finisce con { $two }. Risponda, prema il tasto 1 se la voce lo chiede, e annoti le cifre.
portal-voice-said = Il codice è stato detto al telefono { $at }.
portal-voice-nobody = Nessuno ha risposto alla nostra chiamata, o non è stato premuto nessun tasto.
portal-voice-failed = La chiamata non è riuscita.
portal-enter-label = Il Suo codice di 6 cifre
portal-letters = È il codice del messaggio con le lettere «{ $letters }».
portal-enter-button = Apri la lettera
portal-code-until = Questo codice vale { $until }.
portal-tries-left = { $count ->
    [one] Le resta { $count } tentativo.
   *[other] Le restano { $count } tentativi.
}
portal-missing-summary = Il codice non arriva?
portal-missing-text = Può volerci un minuto. Controlli che il telefono sia acceso e che ci sia campo.
portal-number-gone = Il numero che finisce con { $two } non è più il Suo?
portal-number-call = Ci chiami al { $telephone }: lo cambieremo.
portal-number-silent = Chiami lo studio che Le ha scritto: lo cambierà.
portal-missed-at = Se non c’è, potrà riceverlo in un altro modo { $at }. Sarà lo stesso codice.
portal-missed-button = Il codice non è arrivato
portal-again-at = Potrà chiedere un altro codice { $at }.
portal-again-sms = Invia un altro SMS
portal-again-voice = Chiama ancora una volta
portal-other-sms = Preferisco un SMS
portal-other-voice = Preferisco una telefonata
portal-not-a-code = Il codice ha 6 cifre. Guardi il messaggio ricevuto e le scriva tutte.
portal-none-here = Questo codice non è stato chiesto in questa finestra, oppure è scaduto. Chieda qui un codice.
portal-code-over = Il tempo di questo codice è passato: valeva dieci minuti. Ne chieda un altro.
portal-wrong = { $count ->
    [one] Il codice non è giusto. Le resta { $count } tentativo.
   *[other] Il codice non è giusto. Le restano { $count } tentativi.
}
portal-wrong-spent = Il codice non è giusto e non si può più usare. Ne chieda un altro.

## Where the practice asks for the birth date with the code: never which of the two was wrong
portal-born-legend = La Sua data di nascita
portal-born-hint = Per esempio: 27 3 1950
portal-born-day = Giorno
portal-born-month = Mese
portal-born-year = Anno
portal-born-unread = Servono il codice, che ha 6 cifre, e la Sua data di nascita: il giorno, il mese e l’anno in 4 cifre. Li scriva di nuovo tutti e due.
portal-born-wrong = { $count ->
    [one] Il codice o la data di nascita non è giusto. Li scriva di nuovo tutti e due. Le resta { $count } tentativo.
   *[other] Il codice o la data di nascita non è giusto. Li scriva di nuovo tutti e due. Le restano { $count } tentativi.
}
portal-born-spent = Il codice o la data di nascita non era giusto, e questo codice non si può più usare. Ne chieda un altro.

## The link: not now, or never more
portal-paused-title = Una breve pausa
portal-paused-text = Alcuni codici non erano giusti. Potrà riprovare { $at }.
portal-paused-why = Questa pausa protegge la Sua lettera. Non si è perso nulla.
portal-paused-reload = Riprova
portal-expired-title = Questa lettera non è più disponibile
portal-expired-text = Il tempo per leggerla è finito ed è stata cancellata.
portal-recalled-title = Questa lettera è stata ritirata
portal-recalled-text = La persona che l’ha inviata l’ha ritirata. Non si può più leggere.
portal-locked-title = Questa lettera è chiusa
portal-locked-text = Sono stati scritti troppi codici sbagliati. Per la Sua sicurezza, questa lettera non si apre più con questo link.
portal-suspended-title = Questa lettera non è disponibile per ora
portal-suspended-text = Lo studio la sta verificando prima di riaprirla. Riprovi più tardi con questo stesso link, oppure chiami lo studio.
portal-ended-call = Per riceverne un’altra, ci chiami al { $telephone }.
portal-ended-silent = Per riceverne un’altra, chiami lo studio che Le ha scritto.

## The letter
portal-letter-title = La Sua lettera
portal-no-subject = Senza oggetto
portal-no-text = Questa lettera non contiene testo.
portal-text-label = Testo della lettera
portal-from = Da
portal-date = Data
portal-files-heading = Allegati
portal-open = Apri
portal-save = Salva
portal-save-all = Salva tutto (ZIP, { $size })
portal-files-other = Non riesce a leggere un file? Chieda allo studio di darglielo in un altro modo.
portal-all-name = Documenti
portal-letter-kept = Questa lettera resta qui fino al giorno { $day }. Si ricordi di salvare ciò che Le serve.
portal-session-heading = Questa pagina
portal-open-until = Questa pagina resta aperta { $until }.
portal-prolong = Ancora un’ora
portal-close = Chiudi la lettera
portal-close-hint = Se il computer non è solo Suo, chiuda la lettera quando ha finito.
portal-closed-title = La lettera è chiusa
portal-closed-text = Grazie. Su questo dispositivo nessuno può più leggerla senza un nuovo codice.
portal-closed-again = Per rileggerla, apra di nuovo il link della Sua e‑mail.
portal-gone-title = Questa lettera non c’è più
portal-gone-text = È stata ritirata, oppure il tempo per leggerla è finito.
portal-gone-call = Per saperne di più, ci chiami al { $telephone }.
portal-gone-silent = Per saperne di più, chiami lo studio che Le ha scritto.

## For everybody
portal-index-title = Lettere riservate
portal-index-text = Qui si leggono le lettere che uno studio Le invia in tutta sicurezza.
portal-index-open = Per leggere la Sua, apra il link che trova nell’e‑mail che ha ricevuto.
portal-unknown-title = Questa pagina non esiste
portal-unknown-text = Per leggere una lettera, apra il link che trova nell’e‑mail che ha ricevuto.
portal-incomplete-title = Il link è incompleto
portal-incomplete-text = Manca una parte del link. Torni all’e‑mail e tocchi il link, oppure lo copi per intero.
portal-incomplete-call = Se non funziona ancora, chiami lo studio che Le ha scritto.
portal-not-open-title = La pagina è stata chiusa
portal-not-open-text = Apra di nuovo il link della Sua e‑mail: Le invieremo un nuovo codice.
portal-foreign-title = Apra di nuovo il link
portal-foreign-text = Questa pagina era troppo vecchia, oppure viene da un’altra finestra. Apra di nuovo il link della Sua e‑mail.
portal-foreign-cookies = Se vede ancora questa pagina, permetta i cookie nelle impostazioni del Suo browser.
portal-broken-title = La sua risposta non è arrivata intera
portal-broken-text = Non è partita. Apra di nuovo il link della Sua e‑mail e la scriva ancora una volta.
portal-planted-title = Un altro sito disturba questa pagina
portal-planted-text = Un altro sito ha lasciato qui un cookie che imita il nostro. Lo abbiamo cancellato: apra di nuovo il link della Sua e‑mail. Una risposta appena inviata non è partita.
portal-planted-again = Se rivede questa pagina, apra il link in una finestra privata o in un altro browser.
portal-ask-again = Richiedere di nuovo la lettera
portal-asked-title = È richiesta
portal-asked-text = Lo studio che Le scrive è avvisato. Se la rinvia, riceverà una nuova e‑mail con un nuovo link.
portal-not-mine = Questa lettera non è per Lei?
portal-not-mine-sure = Sì, questa lettera non è per me
portal-not-mine-tell = Avvisare lo studio
portal-told-title = È detto
portal-told-text = Lo studio è avvisato. Può chiudere questa pagina e cancellare l’e‑mail.
portal-untold-text = Lo studio non ha potuto essere avvisato da qui. Può chiudere questa pagina e cancellare l’e‑mail.
portal-not-mine-tick = Spunti la casella se questa lettera non è per Lei.
portal-open-here = Una lettera di questo studio è già aperta qui: questa si apre senza un nuovo codice.
portal-open-here-button = Aprire questa lettera
portal-remember = Non chiedere più codici in questo browser per 30 giorni
portal-remember-hint = Solo su un dispositivo che usa soltanto Lei. Le lettere di questo studio vi si apriranno senza codice.
portal-open-remembered = Questo browser è riconosciuto fino al giorno { $day }: la lettera si apre senza codice.
portal-remembered-until = Questo browser è riconosciuto fino al giorno { $day }: le lettere di questo studio si aprono qui senza codice.
portal-forget = Non riconoscere più questo browser
portal-forgotten-title = Questo browser non è più riconosciuto
portal-forgotten-text = La prossima volta qui Le verrà chiesto un codice.
portal-to-letter = Tornare alla lettera
portal-message-title = Messaggio allegato alla Sua lettera
portal-as-sent = Vedere il testo così come è stato inviato
portal-as-sent-title = Testo così come è stato inviato
portal-to-message = Tornare al messaggio
portal-closed-remembered = Grazie. Questo browser resta riconosciuto fino al giorno { $day }: il link della Sua e‑mail apre qui la lettera senza codice.
portal-unavailable-title = Un piccolo problema da parte nostra
portal-unavailable-text = In questo momento la pagina non si può mostrare. Riprovi tra qualche minuto. La Sua lettera non è andata persa.
portal-no-file-title = Questo file non c’è
portal-no-file-text = La lettera è stata ritirata, oppure il link del file non è quello giusto. Apra di nuovo il link della Sua e‑mail.
portal-unavailable-call = Se il problema continua, chiami lo studio che Le ha scritto.
