# The e-mail with the link. It says nothing of who wrote, to whom, or about what.
notice-subject = { $practice }: a letter is waiting for you
notice-hello = Hello,
notice-what = { $practice } has sent you a confidential message. To read it:
notice-steps = Open the link, ask for a code by SMS or by call, then type it. No account is needed.
notice-host = The link begins with https://{ $host }/ : check it before you open it.
notice-until = The message is kept until { $date }: remember to save it.
notice-call = In doubt? Call { $practice } on { $telephone }, or on the number you know.
notice-call-known = In doubt? Call { $practice } on the number you know.
notice-no-answer = Do not answer this e-mail: nobody reads it.
notice-open = Open the message
notice-other = English: open the link, the page speaks English too.

# The notice once more, to who has not opened it.
remind-subject = Reminder: { $practice } has written to you
remind-what = { $practice } has sent you a confidential message, which you have not opened yet. To read it:
