# The letter to who connects with a mail client that copies the mailbox to somebody's cloud.
cloud-subject = Il Suo programma di posta non è stato collegato
cloud-refused = { $client } ha cercato di aprire la Sua casella { $address }. Il collegamento è stato rifiutato.
cloud-why = Questo programma non legge la casella da solo: affida la Sua password e una copia di tutti i Suoi messaggi ai server del suo produttore. I messaggi dei Suoi pazienti uscirebbero dallo studio.
cloud-instead = Usi un programma che si collega direttamente: Outlook classico (sul computer), Apple Mail (su Mac, iPhone e iPad), Thunderbird (sul computer), Thunderbird o K-9 Mail (su Android), mutt.
cloud-password = La password che vi ha scritto è ora nota al produttore: chieda all'amministratore di revocarla e di crearne un'altra.
cloud-footer = Questo avviso viene dal Suo server Pli, al massimo una volta al giorno. Non serve rispondere.
