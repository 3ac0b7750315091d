# The letter about a device that was added to a mailbox.
device-subject = È stato aggiunto un dispositivo alla Sua casella
device-added = Il dispositivo «{ $label }» ({ $person }) è stato aggiunto alla casella { $address } { $at }.
device-sends = Può solo inviare e non può leggere nulla.
device-reads = Può leggere tutti i Suoi messaggi.
device-will-read = Potrà leggere tutti i Suoi messaggi dal prossimo collegamento di uno dei Suoi dispositivi.
device-waits = Può inviare e non può ancora leggere. Perché legga, l’amministratore lo aggiunge di nuovo con una delle Sue password.
device-unknown = Se non lo conosce, chiami subito l’amministratore: può toglierlo.
device-footer = Questo avviso viene dal Suo server Pli. Non serve rispondere.
