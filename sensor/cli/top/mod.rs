//! `sekisho top`: rates, zones, alerts, losses and health in a terminal, for whoever stands at the rack.
//!
//! ```text
//! ask    the API of a running sensor, or of a data directory within this process
//! state  what was answered, and the rates between two answers
//! draw   a screen of it, from 80 columns and 24 lines on
//! ```

mod ask;
mod draw;
mod state;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::text::Span;

use self::ask::Server;
use self::draw::Look;
use self::state::State;
use super::interrupt::Interrupt;
use super::language::Language;
use super::outcome::Outcome;
use super::run::listen_address;
use super::serve::DEFAULT_ADDRESS;

/// Between two looks at the keyboard.
const KEYS: Duration = Duration::from_millis(100);
/// The screen of `--once` where there is no terminal.
const PLAIN: (u16, u16) = (80, 24);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sekisho top\n  sekisho top --config /etc/sekisho.toml\n  \
    sekisho top --data /var/lib/sekisho --once\n\nKeys: q ends, r asks again at once. NO_COLOR is respected."
)]
pub(crate) struct Args {
    /// Address of the sensor's dashboard [default: http://127.0.0.1:8080, or what --config says]
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    url: Option<String>,
    /// Configuration file of the sensor, for the address that it listens on
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "data"])]
    config: Option<PathBuf>,
    /// Show a data directory in place of a running sensor
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Seconds between two looks
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,
    /// Print one screen as text and end
    #[arg(long)]
    once: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let server = server(args)?;
    let mut state = State::new(server.name());
    let language = Language::of_environment();
    if args.once {
        state.take(server.ask()?);
        let size = ratatui::crossterm::terminal::size().ok();
        let (columns, lines) = size.filter(|_| io::stdout().is_terminal()).unwrap_or(PLAIN);
        let text = screen(&state, language, columns.max(PLAIN.0), lines.max(PLAIN.1))?;
        // A reader that has closed the pipe has seen what it wanted.
        let _ = io::stdout().write_all(text.as_bytes());
        return Ok(Outcome::Done);
    }
    if !io::stdout().is_terminal() {
        bail!("this is no terminal; --once prints one screen as text");
    }
    // What comes before the first screen is said in words.
    state.take(server.ask()?);
    let interrupt = Interrupt::listen()?;
    let look = Look::of_environment(language);
    // From here on a panic puts the terminal back before it is said.
    let mut terminal = ratatui::try_init().context("cannot take the terminal")?;
    let shown = watch(
        &server,
        &mut state,
        &mut terminal,
        &interrupt,
        look,
        args.interval,
    );
    ratatui::restore();
    shown.context("cannot write to the terminal")?;
    Ok(Outcome::Done)
}

fn server(args: &Args) -> anyhow::Result<Server> {
    if let Some(data) = &args.data {
        return Server::of_data(data);
    }
    let configured = args.config.as_deref().map(listen_address).transpose()?;
    let url = match (&args.url, configured) {
        (Some(url), _) => url.clone(),
        (None, Some(None)) => bail!("the configuration says no address to listen on; give --url or --data"),
        (None, Some(Some(address))) => format!("http://{address}"),
        (None, None) => format!("http://{DEFAULT_ADDRESS}"),
    };
    Server::of_url(&url)
}

/// Shows the state until somebody has seen enough.
fn watch(
    server: &Server,
    state: &mut State,
    terminal: &mut ratatui::DefaultTerminal,
    interrupt: &Interrupt,
    look: Look,
    interval: u64,
) -> io::Result<()> {
    let interval = Duration::from_secs(interval);
    let mut asked = Instant::now();
    loop {
        terminal.draw(|frame| draw::draw(frame, state, look))?;
        let mut wants = false;
        if event::poll(KEYS)? {
            match event::read()? {
                Event::Key(key) if key.kind == KeyEventKind::Press => {
                    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
                    match key.code {
                        KeyCode::Char('c') if is_control => return Ok(()),
                        KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
                        KeyCode::Char('r') => wants = true,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        if interrupt.is_asked() {
            return Ok(());
        }
        if wants || asked.elapsed() >= interval {
            asked = Instant::now();
            match server.ask() {
                Ok(answer) => state.take(answer),
                Err(error) => state.fail(&error),
            }
        }
    }
}

/// One screen as text.
fn screen(state: &State, language: Language, columns: u16, lines: u16) -> anyhow::Result<String> {
    let mut terminal = Terminal::new(TestBackend::new(columns, lines)).context("cannot draw")?;
    terminal
        .draw(|frame| draw::draw(frame, state, Look::plain(language)))
        .context("cannot draw")?;
    Ok(text_of(terminal.backend().buffer()))
}

/// The text of a screen, without the spaces at the ends of its lines.
fn text_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for line in 0..buffer.area.height {
        let mut column = 0;
        let start = text.len();
        while column < buffer.area.width {
            let symbol = buffer.cell((column, line)).map_or(" ", |cell| cell.symbol());
            text.push_str(symbol);
            // A wide letter takes the place of two.
            let width = u16::try_from(Span::raw(symbol).width()).unwrap_or(1);
            column = column.saturating_add(width.max(1));
        }
        let end = text[start..].trim_end().len();
        text.truncate(start.saturating_add(end));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::state::tests::example;
    use super::*;

    #[test]
    fn a_screen_of_eighty_columns_holds_all_that_matters_in_both_languages() {
        for (language, words) in [
            (Language::English, ["Alerts", "Zones", "Health", "q ends"]),
            (Language::Japanese, ["警報", "ゾーン", "状態", "q 終了"]),
        ] {
            let text = screen(&example(), language, 80, 24).unwrap();

            assert_eq!(text.lines().count(), 24);
            for line in text.lines() {
                assert!(Span::raw(line).width() <= 80, "{line}");
            }
            for word in words {
                assert!(text.contains(word), "{word}:\n{text}");
            }
            for seen in ["PATH-DENY", "BLIND-SILENCE", "office", "eth1"] {
                assert!(text.contains(seen), "{seen}:\n{text}");
            }
        }
    }

    #[test]
    fn a_large_screen_holds_more_and_a_small_one_is_no_panic() {
        let large = screen(&example(), Language::English, 200, 50).unwrap();
        let small = screen(&example(), Language::English, 80, 24).unwrap();

        assert!(
            large.matches("PATH-DENY").count() > small.matches("PATH-DENY").count(),
            "{large}"
        );
        for (columns, lines) in [(1, 1), (20, 5), (40, 10), (79, 23)] {
            screen(&example(), Language::Japanese, columns, lines).unwrap();
        }
    }

    #[test]
    fn names_from_the_network_cannot_move_the_cursor() {
        let mut state = example();
        state.hurt("a\u{1b}[2Jb\u{202e}");

        let text = screen(&state, Language::English, 200, 50).unwrap();

        assert!(text.contains("a\\u{1b}[2Jb\\u{202e}"), "{text}");
    }
}
