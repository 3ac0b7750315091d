# Reports of delivery that a mail client asked for (RFC 3464), in the words of people.
report-delivered = Remis. { $count ->
    [one] Le message est dans la boîte de :
   *[other] Le message est dans les boîtes de :
}
report-relayed = Avis envoyé. Le lien vers le message est parti par courrier électronique pour :
report-relayed-what = Rien ne dit encore que la lettre est lue : un accusé arrivera à la première ouverture.
report-footer = Votre messagerie a demandé cet avis de remise. Il vient de votre serveur Pli. Il est inutile d'y répondre.
