# The letter to who connects with a mail client that copies the mailbox to somebody's cloud.
cloud-subject = Your mail client was not connected
cloud-refused = { $client } asked to open your mailbox { $address }. The connection was refused.
cloud-why = This client does not read the mailbox by itself: it gives your password and a copy of all your messages to the servers of its maker. The messages of your patients would leave the practice.
cloud-instead = Use a client that connects by itself: Outlook classic (on a computer), Apple Mail (on Mac, iPhone and iPad), Thunderbird (on a computer), Thunderbird or K-9 Mail (on Android), mutt.
cloud-password = The password that you typed there is known to its maker: ask the administrator to revoke it and to make another.
cloud-footer = This notice comes from your Pli server, once a day at most. There is no need to answer it.
