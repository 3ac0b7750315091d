# The letter about a device that was added to a mailbox.
device-subject = È stato aggiunto un dispositivo alla Sua casella
device-added = Il dispositivo «{ $label }» ({ $person }) è stato aggiunto alla casella { $address } { $at }.
device-sends = Può solo inviare e non può leggere nulla.
device-reads = Può leggere tutti i Suoi messaggi.
device-will-read = Potrà leggere tutti i Suoi messaggi dal prossimo collegamento di uno dei Suoi dispositivi.
device-waits = Può inviare e non può ancora leggere. Perché legga, risponda « sì », da solo sulla prima riga, da un dispositivo che legge già i Suoi messaggi.
device-unknown = Se non lo conosce, chiami subito l’amministratore: può toglierlo.
device-footer = Questo avviso viene dal Suo server Pli. Non serve rispondere.
device-reads-now = Il dispositivo « { $label } » ora può leggere tutti i Suoi messaggi.
device-not-let-in = Il dispositivo « { $label } » non può ancora leggere: la Sua risposta viene da un dispositivo che non legge. Risponda da un altro.
device-still-waits = Il dispositivo « { $label } » non può ancora leggere. Non è cambiato nulla.
