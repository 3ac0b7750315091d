# The letter to who wrote to somebody that refuses our short messages.
stop-subject = Somebody has refused your practice's text messages
stop-refused = The person you wrote to ({ $address }, telephone { $number }) has refused the practice's text messages by answering STOP.
stop-still = Your messages still reach them by e-mail, and they can receive their code by telephone call. No more text messages will be sent.
stop-again = If this is a mistake, let them write to the number that sent the text message to accept it again; the administrator then lifts the block (pli code forget).
stop-footer = This notice comes from your Pli server. There is no need to answer it.
