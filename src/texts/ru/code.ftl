# What the SMS says and the voice reads. No name, no link: whoever sees it learns nothing.
code-sms = Код { $code } ({ $letters }). Никому не говорите
code-voice = Здравствуйте. Вот ваш код. { $digits }. Повторяю. { $digits }. Никому его не говорите. До свидания.
# A call. Nothing is said of the code before a key was pressed.
code-voice-greeting = Здравствуйте. Вы запросили код, чтобы прочитать письмо. Чтобы услышать его, нажмите клавишу 1.
code-voice-code = Ваш код.
code-voice-repeat = Повторяю.
code-voice-again = Чтобы услышать его ещё раз, нажмите клавишу 1.
code-voice-goodbye = Никому не сообщайте этот код. До свидания.

# Reminders of a letter that was not opened: no link, no name, nothing of it.
remind-sms = Напоминание: вас ждёт письмо. Откройте ссылку в электронной почте
remind-voice = Здравствуйте. В вашей электронной почте вас ждёт конфиденциальное и срочное сообщение. Откройте ссылку в нём. Повторяю. В электронной почте вас ждёт срочное сообщение. До свидания.
