# The letter to who wrote to somebody that refuses our short messages.
stop-subject = Una persona ha rifiutato gli SMS del Suo studio
stop-refused = La persona a cui ha scritto ({ $address }, telefono { $number }) ha rifiutato gli SMS dello studio rispondendo STOP.
stop-still = I Suoi messaggi le arrivano ancora per e-mail, e può ricevere il codice con una telefonata. Gli SMS non partiranno più.
stop-again = Se è un errore, scriva lei stessa al numero che le ha inviato l’SMS per accettarli di nuovo; poi l’amministratore toglie il blocco (pli code forget).
stop-footer = Questo avviso viene dal Suo server Pli. Non occorre rispondere.
