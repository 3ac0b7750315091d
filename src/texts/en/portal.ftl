# The patient's pages. Plain, warm, simple: read at eighty, on a small telephone.

## Moments, sizes, kinds
portal-month-1 = January
portal-month-2 = February
portal-month-3 = March
portal-month-4 = April
portal-month-5 = May
portal-month-6 = June
portal-month-7 = July
portal-month-8 = August
portal-month-9 = September
portal-month-10 = October
portal-month-11 = November
portal-month-12 = December
portal-day = { $day } { $month }
portal-day-year = { $day } { $month } { $year }
portal-time = { $hour ->
    [0] 00
   *[other] { $hour }
}:{ $minute }
portal-hour = { $hour ->
    [0] 00
   *[other] { $hour }
}:00
portal-moment = { $day } at { $time }
portal-at-time = at { $time }
portal-at-day-time = on { $day } at { $time }
portal-until-time = until { $time }
portal-until-day-time = until { $day } at { $time }
portal-decimal-point = .
portal-size-bytes = { $size ->
    [one] { $size } byte
   *[other] { $size } bytes
}
portal-size-kb = { $size } KB
portal-size-mb = { $size } MB
portal-kind-pdf = PDF
portal-kind-image = picture
portal-kind-audio = sound
portal-kind-video = video
portal-kind-calendar = appointment
portal-kind-text = text
portal-kind-message = message
portal-kind-archive = compressed folder
portal-kind-sheet = spreadsheet
portal-kind-document = document
portal-kind-other = file

## Around every page
portal-skip = Skip to the content
portal-languages = Language
portal-demonstration = Demonstration – put no real information here.
portal-call = Telephone:
portal-error-title = Error: { $title }

## The link: how the code shall come
portal-choose-title = Get your code
portal-choose-heading = A letter is waiting for you
portal-choose-text = To protect it, we send a 6-digit code to your telephone.
portal-choose-legend = How would you like to get the code?
portal-choose-legend-one = This is how you can get the code. Please choose it to agree:
portal-choose-sms = By text message
portal-choose-sms-hint = A written message (SMS) on your mobile
portal-choose-voice = By telephone call
portal-choose-voice-hint = Your telephone rings and a voice says the digits
portal-choose-button = Send the code
portal-choose-one = Please choose first: text message or telephone call.
portal-choose-one-sms = Please choose “By text message” first, then send the code.
portal-choose-one-voice = Please choose “By telephone call” first, then send the code.
portal-choose-none = We cannot send a code at the moment. Please call us on { $telephone }.
portal-choose-none-silent = We cannot send a code at the moment. Try again later, or call the practice that wrote to you.
portal-kept = This letter waits for you until { $day }.
portal-wait = You cannot ask for another code just now. It will be possible { $at }.
portal-failed-landline = This number does not take text messages.
portal-failed-unknown-number = This number does not exist. Call the practice to have it corrected.
portal-failed-stopped = You have refused our text messages (by answering STOP).
portal-failed-ceiling = We cannot send any more codes to this number for now. Try again tomorrow, or call the practice.
portal-failed-sms = The text message could not be sent.
portal-failed-voice = The call could not be made.
portal-then-again = Please try again.
portal-then-sms = Please choose the text message.
portal-then-voice = Please choose the telephone call.
portal-then-again-or-sms = Try again, or choose the text message.
portal-then-again-or-voice = Try again, or choose the telephone call.

## The link: the code
portal-enter-title = Type your code
portal-enter-heading = Type your code
portal-sent-sms = We have sent a text message to the number that ends in { $two }.
portal-sms-leaving = We are sending a text message to the number that ends in { $two }.
portal-follows = This page tells by itself what becomes of the code. If the code cannot arrive, it shows you what to do next.
portal-sms-unknown = We do not know yet whether it has arrived.
portal-sms-arrived = It arrived on the telephone { $at }.
portal-sms-failed = The text message did not arrive.
portal-phone-absent = Your telephone is switched off or has no signal.
portal-sent-voice = We are calling the number that ends in { $two }. Answer, press 1 if the voice asks for it, and write down the digits.
portal-voice-said = The code was said on the telephone { $at }.
portal-voice-nobody = Nobody answered our call, or no key was pressed.
portal-voice-failed = The call did not get through.
portal-enter-label = Your 6-digit code
portal-letters = It is the code of the message marked “{ $letters }”.
portal-enter-button = Open the letter
portal-code-until = This code is good { $until }.
portal-tries-left = { $count ->
    [one] You have { $count } try left.
   *[other] You have { $count } tries left.
}
portal-missing-summary = The code does not arrive?
portal-missing-text = It can take a minute. Check that your telephone is on and has a signal.
portal-number-gone = Is the number ending in { $two } no longer yours?
portal-number-call = Call us on { $telephone }: we will change it.
portal-number-silent = Call the practice that wrote to you: they will change it.
portal-missed-at = If it is not there, you will be able to receive it in another way { $at }. It will be the same code.
portal-missed-button = The code did not arrive
portal-again-at = You can ask for another code { $at }.
portal-again-sms = Send another text message
portal-again-voice = Call once more
portal-other-sms = Get a text message instead
portal-other-voice = Get a call instead
portal-not-a-code = The code has 6 digits. Look at the message and type all of them.
portal-none-here = This code was not asked for in this window, or its time is over. Please ask for a code here.
portal-code-over = The time of this code is over: it was good for ten minutes. Ask for another one.
portal-wrong = { $count ->
    [one] This is not the right code. You have { $count } try left.
   *[other] This is not the right code. You have { $count } tries left.
}
portal-wrong-spent = This is not the right code, and it cannot be used any more. Please ask for another one.

## Where the practice asks for the birth date with the code: never which of the two was wrong
portal-born-legend = Your date of birth
portal-born-hint = For example: 27 3 1950
portal-born-day = Day
portal-born-month = Month
portal-born-year = Year
portal-born-unread = We need the code, which has 6 digits, and your date of birth: the day, the month, and the year in 4 digits. Type both again.
portal-born-wrong = { $count ->
    [one] The code or the date of birth is not right. Type both again. You have { $count } try left.
   *[other] The code or the date of birth is not right. Type both again. You have { $count } tries left.
}
portal-born-spent = The code or the date of birth was not right, and this code cannot be used any more. Please ask for another one.

## The link: not now, or never more
portal-paused-title = A short pause
portal-paused-text = Several codes were wrong. You can try again { $at }.
portal-paused-why = This pause protects your letter. Nothing is lost.
portal-paused-reload = Try again
portal-expired-title = This letter is no longer available
portal-expired-text = The time to read it is over, and it has been erased.
portal-recalled-title = This letter was taken back
portal-recalled-text = The person who sent it has withdrawn it. It cannot be read any more.
portal-locked-title = This letter is closed
portal-locked-text = Too many wrong codes were typed. To protect you, this letter does not open with this link any more.
portal-suspended-title = This letter is not available for now
portal-suspended-text = The practice is checking it before it opens again. Try again later with this same link, or call the practice.
portal-ended-call = To get another one, please call us on { $telephone }.
portal-ended-silent = To get another one, please call the practice that wrote to you.

## The letter
portal-letter-title = Your letter
portal-no-subject = No subject
portal-no-text = This letter has no text.
portal-text-label = Text of the letter
portal-from = From
portal-date = Date
portal-files-heading = Attached files
portal-open = Open
portal-save = Save
portal-save-all = Save all (ZIP, { $size })
portal-files-other = You cannot read a file? Ask the practice to give it to you in another way.
portal-all-name = Documents
portal-letter-kept = This letter is kept until { $day }. Remember to save what you need.
portal-session-heading = This page
portal-open-until = This page stays open { $until }.
portal-prolong = Stay an hour longer
portal-close = Close the letter
portal-close-hint = On a shared computer, close the letter when you have finished.
portal-closed-title = The letter is closed
portal-closed-text = Thank you. Nobody can read it on this device any more without a new code.
portal-closed-again = To read it again, open the link in your e‑mail once more.
portal-gone-title = This letter is not here any more
portal-gone-text = It was taken back, or its time is over.
portal-gone-call = To know more, please call us on { $telephone }.
portal-gone-silent = To know more, please call the practice that wrote to you.

## For everybody
portal-index-title = Confidential letters
portal-index-text = Here you read the letters that a practice sends you securely.
portal-index-open = To read yours, open the link in the e‑mail that you received.
portal-unknown-title = This page does not exist
portal-unknown-text = To read a letter, open the link in the e‑mail that you received.
portal-incomplete-title = The link is incomplete
portal-incomplete-text = A part of the link is missing. Go back to the e‑mail and tap the link, or copy it whole.
portal-incomplete-call = If it still does not work, call the practice that wrote to you.
portal-not-open-title = The page was closed
portal-not-open-text = Open the link of your e‑mail again: a new code will be sent to you.
portal-foreign-title = Open the link again
portal-foreign-text = This page was too old, or it comes from another window. Open the link of your e‑mail again.
portal-foreign-cookies = If you see this page again, allow cookies in the settings of your browser.
portal-broken-title = Your answer did not arrive whole
portal-broken-text = It was not sent. Open the link in your e‑mail again, and write it once more.
portal-planted-title = Another site disturbs this page
portal-planted-text = Another site has left a cookie here that imitates ours. We have deleted it: open the link in your e‑mail again. An answer that you have just sent has not gone.
portal-planted-again = If you see this page again, open the link in a private window or in another browser.
portal-ask-again = Ask for the letter again
portal-asked-title = It is asked for
portal-asked-text = The practice that writes to you is told. If it sends the letter again, you will get a new e‑mail with a new link.
portal-not-mine = Is this letter not for you?
portal-not-mine-sure = Yes, this letter is not for me
portal-not-mine-tell = Tell the practice
portal-told-title = It is said
portal-told-text = The practice is told. You can close this page and delete the e‑mail.
portal-untold-text = The practice could not be told from here. You can close this page and delete the e‑mail.
portal-not-mine-tick = Tick the box if this letter is not for you.
portal-open-here = A letter of this practice is already open here: this one opens without a new code.
portal-open-here-button = Open this letter
portal-remember = Do not ask for a code in this browser for 30 days
portal-remember-hint = Only on a device that nobody but you uses. Letters of this practice will open there without a code.
portal-open-remembered = This browser is remembered until { $day }: the letter opens without a code.
portal-remembered-until = This browser is remembered until { $day }: letters of this practice open here without a code.
portal-forget = Forget this browser
portal-forgotten-title = This browser is forgotten
portal-forgotten-text = Next time you will be asked for a code here.
portal-to-letter = Back to the letter
portal-message-title = Message attached to your letter
portal-as-sent = See the text as it was sent
portal-as-sent-title = Text as it was sent
portal-to-message = Back to the message
portal-closed-remembered = Thank you. This browser is remembered until { $day }: the link in your e‑mail opens the letter here without a code.
portal-unavailable-title = A small problem on our side
portal-unavailable-text = The page cannot be shown at the moment. Try again in a few minutes. Your letter is not lost.
portal-no-file-title = This file is not here
portal-no-file-text = The letter was taken back, or the link of the file is not right. Open the link of your e‑mail again.
portal-unavailable-call = If it lasts, call the practice that wrote to you.
