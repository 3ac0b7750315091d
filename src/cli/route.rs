//! `pli route`: where a message would go, in one sentence.

use serde_json::json;

use crate::delivery::Route as Way;

use super::{Opened, Out, Stop, mailbox};

#[derive(clap::Args)]
pub(super) struct Route {
    /// The mailbox that would send
    #[arg(long, value_name = "MAILBOX")]
    from: String,
    /// The recipient
    address: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Route {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let to = self.address.parse().map_err(|fault| Stop::because(format!("the recipient: {fault}")))?;
        let from = mailbox::read(&self.from)?;
        let sender = opened.rooms.mailboxes.as_sender(&from).await?;
        let (route, sentence) = match opened.rooms.deliveries.route(&sender, &to).await? {
            Ok(Way::Local(_)) => ("local", "It goes into a mailbox of this server.".to_owned()),
            Ok(Way::Service) => {
                ("service", "This is the service address: it takes answers to letters of Pli.".to_owned())
            }
            Ok(Way::Preview(_)) => {
                ("preview", "It answers with what a patient would get, and sends nothing to anybody.".to_owned())
            }
            Ok(Way::Number(_)) => {
                ("number", "It gives a telephone number for the one outside recipient of a message.".to_owned())
            }
            Ok(Way::Person(_)) => {
                ("person", "It stands for somebody outside: by a link in an e-mail, opened with a code.".to_owned())
            }
            Ok(Way::Outside) => {
                ("outside", "It goes outside: by a link in an e-mail, opened with a code sent by telephone.".to_owned())
            }
            Err(refused) => {
                ("refused", format!("It is refused: {} {} {}", refused.code, refused.enhanced, refused.sentence))
            }
        };
        if self.json { out.json(&json!({ "route": route, "because": sentence })) } else { out.line(sentence) }
    }
}
