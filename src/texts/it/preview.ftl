# What whoever wrote to apercu@ gets: the letter as the patient would get it, drawn and sent to nobody.
preview-subject = Anteprima: { $subject }
preview-what = Ecco quello che la persona riceverebbe. È un disegno: non è stato inviato nulla, né avviso, né SMS, né chiamata.
preview-number-sms = Numero riconosciuto: { $number }. La persona vi riceverebbe il codice per SMS, o con una chiamata se la chiede.
preview-number-call = Numero riconosciuto: { $number }. La persona vi riceverebbe il codice con una chiamata.
preview-number-known = Qualcuno della rubrica ha questo numero. Per un indirizzo diverso dal suo la lettera aspetterebbe la Sua risposta.
preview-number-none = Questo messaggio non indica nessun numero. Sarebbe usato quello della rubrica, o di un invio precedente; se non c'è, la lettera aspetterebbe e un messaggio di Pli glielo chiederebbe.
preview-waits = La lettera aspetterebbe la Sua risposta, e la persona non avrebbe ancora ricevuto nulla. Il motivo:
preview-kept = { $days ->
    [one] La lettera sarebbe conservata { $days } giorno, fino al { $date }.
   *[other] La lettera sarebbe conservata { $days } giorni, fino al { $date }.
}
preview-urgent = Lettera urgente: se non fosse aperta dopo { $hours } h, la persona riceverebbe un promemoria e Lei ne sarebbe avvisato.
preview-pages = In allegato: l'e-mail, la pagina dove si chiede il codice e la pagina della lettera. I link non portano da nessuna parte.
preview-mail = L'e-mail:
preview-sms = L'SMS, con un codice inventato:
# Names of files: no accents, no spaces.
preview-file-mail = 1-email
preview-file-code = 2-codice
preview-file-letter = 3-lettera
