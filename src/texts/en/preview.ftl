# What whoever wrote to apercu@ gets: the letter as the patient would get it, drawn and sent to nobody.
preview-subject = Preview: { $subject }
preview-what = This is what the person would get. It is a drawing: nothing was sent, no notice, no SMS, no call.
preview-number-sms = Number understood: { $number }. The person would get the code there by SMS, or by call if the person asks for one.
preview-number-call = Number understood: { $number }. The person would get the code there by call.
preview-number-known = Somebody of the directory has this number. For another address than theirs the letter would wait for your answer.
preview-number-none = This message gives no number. The directory's, or that of an earlier letter, would be used; if there is none, the letter would wait and a message of Pli would ask you for it.
preview-waits = The letter would wait for your answer, and the person would have got nothing yet. The reason:
preview-kept = { $days ->
    [one] The letter would be kept for { $days } day, until { $date }.
   *[other] The letter would be kept for { $days } days, until { $date }.
}
preview-urgent = An urgent letter: not opened after { $hours } h, the person would be reminded and you would be told.
preview-pages = Attached: the e-mail, the page where the code is asked for, and the page of the letter. Their links lead nowhere.
preview-mail = The e-mail:
preview-sms = The SMS, with an invented code:
# Names of files: no accents, no spaces.
preview-file-mail = 1-email
preview-file-code = 2-code
preview-file-letter = 3-letter
