# Why a recipient or a message is refused. Read by practitioners in their mail client.
refused-unknown = { $address }: there is no such mailbox here. Check the address.
refused-suspended = { $address }: this mailbox is closed for the moment.
refused-health-space = { $address } belongs to the health trust space, with which this server does not exchange yet. Write from your MSSante mailbox.
refused-address-number = { $address } is not a number. Write for example +33612345678@sms followed by your domain.
refused-from = The sender written in the message (From) must be { $address }, the address of your mailbox.
refused-sender = The sender of the envelope must be { $address }, the address of your mailbox.
refused-rate-minute = Too many messages in one minute (at most { $count }). Nothing was sent. Send this message again in a minute.
refused-rate-day = Too many messages sent today (at most { $count } a day). Nothing was sent. Send this message again tomorrow, or ask the administrator for a higher limit.
refused-encrypted = A message that is already encrypted cannot be read on a page. Send it without encryption: Pli seals it for { $address }.
refused-only-number = A number alone is not enough: the person's e-mail address is needed too.
refused-no-relay = { $address }: this server cannot write to people outside yet. The administrator must say how notices leave.
refused-too-many = One message can go to twenty people outside at most. Send several. Nothing was sent.
refused-no-header = This message has no header. Nothing was sent.
refused-automatic = An automatic reply is not sent by link and code. Nothing was sent.
refused-days = A letter can be kept for 1 to 90 days: [7j] in the subject. Nothing was sent.
refused-preview-alone = { $address } shows what the person would get, and has to be the only recipient. Send the letter to the others in a second message.

# Why a recipient would be held. One sentence per recipient, after "Nothing was sent."
held-nothing-left = Nothing was sent.
held-no-number = { $address }: no telephone number is known. Add it at the end of the subject, in brackets: [+33 6 12 34 56 78], or have the person entered in the directory.
held-two-numbers = { $address }: two different numbers. Keep only one.
held-not-a-number = { $address }: what stands in brackets is not a telephone number.
held-impossible = { $address }: this number does not exist. Check the digits.
held-premium = { $address }: this is a special or special-rate number. An ordinary telephone is needed.
held-satellite = { $address }: codes are not sent to satellite telephones. Another number is needed.
held-several-countries = { $address }: this number exists in several countries. Write it with its country code, such as +33 or +377.
held-no-country = { $address }: this number is of another country. Write it with its country code, such as +687.
held-country = { $address }: codes are not sent to this country. The administrator can allow it.
held-own-number = { $address }: this is the practice's own number, not the person's.
held-differs = { $address }: this is not the number of the directory. Check the person, or have the directory corrected.
held-somebody-elses = { $address }: this number belongs to another person of the directory. Check address and number.
held-old-tag = { $address }: the number in brackets comes from an older message and was never used with this address. Remove it, or write a new message.
held-several-recipients = { $address }: one number for several recipients. Write to each of them apart.
held-several-persons = { $address }: several persons of the directory have this address. Add the right person's number in brackets to the subject.
held-mandate-ended = { $address }: this person read for somebody else, and that mandate has ended. Renew it or remove it from the directory.
held-look-alike = { $address }: this address looks misspelt. Check what follows the @.

# Receipts in the practitioner's INBOX. The first line says it all.
receipt-from = Pli
receipt-about = your message of { $date }
receipt-opened = { $files ->
    [0] Opened { $when } (no attachment)
    [one] Opened { $when } ({ $downloaded } of { $files } file downloaded)
   *[other] Opened { $when } ({ $downloaded } of { $files } files downloaded)
}
receipt-downloaded = Every file was downloaded { $when }.
receipt-to = Recipient: { $address }
receipt-failed = Not delivered: { $why }
receipt-failed-what = The recipient got nothing. Check the address, then send a new message, or telephone.
receipt-why-unknown-address = the address does not exist.
receipt-why-full = the recipient's mailbox is full.
receipt-why-refused = the recipient's server refused the notice.
receipt-why-no-utf8 = this address has accented letters or letters of another alphabet, which the sending server cannot carry. Ask for another address.
receipt-why-gave-up = the notice could not leave in several days of trying.
receipt-why-not-opened = the letter was not opened in time. It cannot be any more.
receipt-not-opened-what = The link was sent, but the code was never typed. Answer yes to this letter to send it again with a new link, or telephone.
receipt-locked-what = The letter cannot be read by this link any more. If the recipient needs it, answer yes to this letter: it leaves again with a new link. Or telephone.
receipt-why-locked = a hundred wrong codes were typed. For safety the link is closed.
receipt-footer = This notice comes from your Pli server. There is no need to answer it.

# Letters that are asked for again, and links that reached somebody else.
again-subject = Sending a letter again
again-asked = { $address } asks again for your letter of { $date }, which cannot be read any more.
again-asked-what = Answer yes to this letter to send it again with a new link.
again-unproved = Somebody who has the link says so, without a code. Nothing has changed. The same is told once in a day.
again-sent = The letter to { $address } was sent again { $when }, with a new link.
again-no-copy = The letter to { $address } could not be sent again: there is no copy of it left in your folders, or this device cannot read the mailbox. Send a new message.
again-not-yours = The letter to { $address } can only be sent again from the mailbox that sent it. Answer yes from that mailbox, or send a new message.
receipt-not-mine-said = Somebody who opened the link sent to { $address } says that your letter of { $date } is not for them.
receipt-not-mine-what = Check the address. Answer cancel to this letter to take the letter back.

# An urgent letter that nobody has opened.
urgent-subject = An urgent letter is not opened
urgent-unread = Urgent and not opened yet: the letter to { $address }, sent on { $date } by { $sender }.
urgent-reminded = { $hours ->
    [one] More than an hour has passed.
   *[other] More than { $hours } hours have passed.
} The person is told again by e-mail, then by telephone between 8:00 and 20:00.
urgent-what = Telephone if this cannot wait. Answer cancel to take the letter back.
urgent-what-other = Telephone if this cannot wait.

# A notice that has not left yet, and a code that nobody could send.
receipt-late = Not sent yet: { $why }
receipt-late-what = It is tried again; the last try is { $until }. Nothing to do for now. If it is urgent, telephone.
receipt-late-unreachable = the outgoing server does not answer.
receipt-late-later = the outgoing server does not take the notice for now.
receipt-no-code = No code could be sent to { $address } ({ $number }):
receipt-no-code-unknown-number = this number does not exist.
receipt-no-code-landline = this number is a landline, which gets no SMS, and no call could be made.
receipt-no-code-ceiling = the day's ceiling of codes is reached.
receipt-no-code-absent = the telephone is off or does not answer.
receipt-no-code-refused = the providers refused the code.
receipt-no-code-what-number = Check the number, have it corrected in the directory, then send a new message.
receipt-no-code-what-ceiling = The recipient can try again tomorrow. The administrator can raise the ceiling.
receipt-no-code-what-again = The recipient can try again. If it lasts, check the number or telephone.
