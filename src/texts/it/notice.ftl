# The e-mail with the link. It says nothing of who wrote, to whom, or about what.
notice-subject = { $practice }: c'è una lettera per Lei
notice-hello = Buongiorno,
notice-what = { $practice } Le ha inviato un messaggio riservato. Per leggerlo:
notice-steps = Apra il link, chieda un codice con un SMS o con una telefonata, poi lo scriva. Non serve nessuna registrazione.
notice-host = Il link comincia con https://{ $host }/ : lo controlli prima di aprirlo.
notice-until = Il messaggio resta disponibile fino al giorno { $date }: si ricordi di salvarlo.
notice-call = Ha un dubbio? Chiami { $practice } al { $telephone }, o al numero che conosce.
notice-call-known = Ha un dubbio? Chiami { $practice } al numero che conosce.
notice-no-answer = Non risponda a questa e-mail: nessuno la legge.
notice-open = Apri il messaggio
notice-other = Italiano: apra il link, la pagina è anche in italiano.

# The notice once more, to who has not opened it.
remind-subject = Promemoria: { $practice } Le ha scritto
remind-what = { $practice } Le ha inviato un messaggio riservato, che non ha ancora aperto. Per leggerlo:
