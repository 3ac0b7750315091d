# What the SMS says and the voice reads. No name, no link: whoever sees it learns nothing.
code-sms = Код { $code } ({ $letters }). Никому не говорите
code-voice = Здравствуйте. Вот ваш код. { $digits }. Повторяю. { $digits }. Никому его не говорите. До свидания.
