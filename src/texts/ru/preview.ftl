# What whoever wrote to apercu@ gets: the letter as the patient would get it, drawn and sent to nobody.
preview-subject = Просмотр: { $subject }
preview-what = Вот что получил бы этот человек. Это только изображение: ничего не отправлено — ни уведомления, ни SMS, ни звонка.
preview-number-sms = Номер распознан: { $number }. Код пришёл бы туда по SMS или, если человек попросит, звонком.
preview-number-call = Номер распознан: { $number }. Код был бы сообщён туда звонком.
preview-number-known = Этот номер есть у кого-то из справочника. Для другого адреса письмо ждало бы вашего ответа.
preview-number-none = В этом письме номер не указан. Был бы взят номер из справочника или из прежней отправки; если его нет, письмо ждало бы, и сообщение от Pli спросило бы вас о нём.
preview-waits = Письмо ждало бы вашего ответа, и человек пока ничего не получил бы. Причина:
preview-kept = { $days ->
    [one] Письмо хранилось бы { $days } день, до { $date }.
    [few] Письмо хранилось бы { $days } дня, до { $date }.
   *[other] Письмо хранилось бы { $days } дней, до { $date }.
}
preview-urgent = Срочное письмо: если за { $hours } ч его не откроют, человек получит напоминание, а вы — сообщение.
preview-pages = Во вложениях: письмо по электронной почте, страница, где запрашивают код, и страница самого письма. Ссылки в них никуда не ведут.
preview-mail = Письмо по электронной почте:
preview-sms = SMS с выдуманным кодом:
# Names of files: no accents, no spaces.
preview-file-mail = 1-email
preview-file-code = 2-kod
preview-file-letter = 3-pismo
