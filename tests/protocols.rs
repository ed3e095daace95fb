//! The manual's page of protocols says what the code reads.
//!
//! `SEKISHO_BLESS=1 cargo test --test protocols` writes the pages anew.

use std::fmt::Write as _;
use std::path::PathBuf;

use sekisho_model::app::{FactKind, FactRow};
use sekisho_wire::app::local::LOCALS;
use sekisho_wire::app::naming::{PRODUCTS, SERVICES};
use sekisho_wire::app::risk::RISKS;
use sekisho_wire::app::{Transport, protocols};

#[test]
fn the_page_of_protocols_is_what_the_code_reads() {
    for language in [Language::Ja, Language::En] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join(format!("web/docs/protocols.{}.md", language.code()));
        let page = page(language);
        if std::env::var_os("SEKISHO_BLESS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).unwrap_or_default() == page,
            "{} is out of date: SEKISHO_BLESS=1 cargo test --test protocols",
            path.display()
        );
    }
}

#[test]
fn policies_have_a_word_for_every_service() {
    let mut names: Vec<&str> = protocols()
        .map(|protocol| protocol.name)
        .chain(SERVICES.iter().map(|service| service.name))
        .collect();
    names.sort_unstable();

    assert_eq!(names, sekisho_policy::SERVICES);
}

#[test]
fn policies_mean_by_what_seals_a_session_what_is_told_of_it_from_outside() {
    for (by, services) in sekisho_policy::SEALED {
        let told = SERVICES.iter().filter(|service| service.within.contains(by));
        let told: Vec<&str> = told.map(|service| service.name).collect();

        assert_eq!(told, *services, "{by}");
    }
}

#[derive(Clone, Copy)]
enum Language {
    Ja,
    En,
}

impl Language {
    const fn code(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    const fn of<'a>(self, ja: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Ja => ja,
            Self::En => en,
        }
    }
}

fn page(language: Language) -> String {
    let mut page = String::from(language.of(
        "# プロトコル\n\nペイロードから読み取る内容の一覧です。この頁はプログラムの表から作られています。\n\n\
         プロトコルはまず内容で、次にポートで判定します。各記録は EVE の `event_type` にプロトコル名を持ち、\
         内容は同じ名前のキーの下にあります。パスワード、トークン、コミュニティ名は記録しません。\
         利用者名はダイジェストだけを残します。\n",
        "# Protocols\n\nWhat is read from the payload of flows. This page is made from the tables in the program.\n\n\
         A protocol is found by its content first and by its port second. Each record has the protocol's name as \
         EVE's `event_type`, and its facts under a key of the same name. Passwords, tokens and community names are \
         never kept; of account names a digest only.\n",
    ));
    let mut all: Vec<_> = protocols().collect();
    all.sort_by_key(|protocol| protocol.name);
    for protocol in &all {
        let transports: Vec<&str> = protocol
            .transports
            .iter()
            .map(|transport| match transport {
                Transport::Tcp => "TCP",
                Transport::Udp => "UDP",
            })
            .collect();
        let ports: Vec<String> = protocol.ports.iter().map(u16::to_string).collect();
        section(&mut page, protocol.name, protocol.title);
        writeln!(
            page,
            "{}: {}。{}: {}\n",
            language.of("トランスポート", "Transport"),
            transports.join(", "),
            language.of("ポート", "Ports"),
            if ports.is_empty() {
                "–".to_owned()
            } else {
                ports.join(", ")
            },
        )
        .unwrap();
        table(&mut page, language, protocol.name, protocol.facts);
    }
    services(&mut page, language);
    products(&mut page, language);
    risks(&mut page, language);
    page.push_str(language.of(
        "\n# IP以下とアドレス\n\nフローを持たないメッセージです。EVE の行は送信元 MAC アドレスだけを持ちます。\n",
        "\n# Below IP, and about addresses\n\nMessages that belong to no flow: the EVE line has the sender's MAC address only.\n",
    ));
    for local in LOCALS {
        section(&mut page, local.name, local.title);
        table(&mut page, language, local.name, local.facts);
    }
    match language {
        Language::Ja => page,
        Language::En => page.replace('。', ". "),
    }
}

fn services(page: &mut String, language: Language) {
    page.push_str(language.of(
        "\n# 他のプロトコルの上のサービス\n\nフロー記録の `service` はこの名前になります。記録の `event_type` は運ぶプロトコルのままです。\n\n\
         | `service` | 名前 | 運ぶプロトコル | 判定の根拠 | 出典 |\n| --- | --- | --- | --- | --- |\n",
        "\n# Services carried by other protocols\n\nThese are the `service` of a flow record. The `event_type` of its lines stays \
         that of the protocol that carries it.\n\n\
         | `service` | Name | Carried by | What tells it | Source |\n| --- | --- | --- | --- | --- |\n",
    ));
    for service in SERVICES {
        let within: Vec<String> = service.within.iter().map(|name| format!("`{name}`")).collect();
        writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
            service.name,
            service.title,
            within.join(", "),
            language.of(service.told_by.ja, service.told_by.en),
            service.source
        )
        .unwrap();
    }
}

fn products(page: &mut String, language: Language) {
    page.push_str(language.of(
        "\n# 遠隔操作とトンネルの製品\n\nフロー記録の `app` です。`app_by` が `likely` の製品は、内容がそれらしいだけで、他の物と区別できない\
         ことがあります。サーバー名による判定はここに含まれません。\n\n\
         | `app` | 名前 | `app_by` | 判定の根拠 | 出典 |\n| --- | --- | --- | --- | --- |\n",
        "\n# Products for remote access and tunnels\n\nThese are the `app` of a flow record. Where `app_by` is `likely`, the octets \
         look like the product, and something else may look the same. Names of servers tell nothing here.\n\n\
         | `app` | Name | `app_by` | What tells it | Source |\n| --- | --- | --- | --- | --- |\n",
    ));
    for product in PRODUCTS {
        writeln!(
            page,
            "| `{}` | {} | `{}` | {} | {} |",
            product.name,
            product.title,
            product.belief.name(),
            language.of(product.told_by.ja, product.told_by.en),
            product.source
        )
        .unwrap();
    }
}

fn risks(page: &mut String, language: Language) {
    page.push_str(language.of(
        "\n# 弱点\n\nフロー記録の `risk` の語です。証明書の期日は、通信の時刻と比べます。パスワードそのものは残しません。\n\n\
         | `risk` | 意味 |\n| --- | --- |\n",
        "\n# Risks\n\nThese are the words of a flow record's `risk`. Dates of certificates are held against the time of the \
         packets. Passwords themselves are not kept.\n\n| `risk` | Meaning |\n| --- | --- |\n",
    ));
    for risk in RISKS {
        let meaning = language.of(risk.means.ja, risk.means.en);
        writeln!(page, "| `{}` | {meaning} |", risk.word).unwrap();
    }
}

fn section(page: &mut String, name: &str, title: &str) {
    writeln!(page, "\n## `{name}`: {title}\n").unwrap();
}

fn table(page: &mut String, language: Language, name: &str, rows: &[FactRow]) {
    writeln!(
        page,
        "| {} | {} | {} |\n| --- | --- | --- |",
        language.of("キー", "Key"),
        language.of("型", "Type"),
        language.of("内容", "What"),
    )
    .unwrap();
    for row in rows {
        let kind = match row.kind {
            FactKind::Text => language.of("文字列", "text"),
            FactKind::Number | FactKind::Real => language.of("数値", "number"),
            FactKind::Flag => language.of("真偽", "yes or no"),
            FactKind::Time => language.of("時刻", "time"),
        };
        let label = language.of(row.label_ja, row.label_en);
        writeln!(page, "| `{name}.{}` | {kind} | {label} |", row.path).unwrap();
    }
}
