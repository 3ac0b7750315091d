# What comes back of notices: why a letter was not delivered, and the one answer to who presses Reply.
bounce-why-spam = the recipient's server took the notice for junk mail.
bounce-why-no-server = no server takes mail for this address. It is probably misspelt.
bounce-other-what = The recipient got nothing. The address is probably right: telephone, or send a new message to another address.
bounce-said = Their server answered: { $said }
bounce-answer-subject = { $practice }: nobody reads this address
bounce-answer = Nobody reads answers to this address. Your message was not read, not kept and not passed on.
bounce-answer-open = To read the letter from { $practice }, open the link in our e-mail.
bounce-answer-call = To talk to { $practice }, call { $telephone }. In an emergency, call 112.
bounce-answer-call-known = To talk to { $practice }, call the number that you know. In an emergency, call 112.
