//! How commands are killed, rivalled and left without their server.

use std::process::{Child, Output, Stdio};
use std::time::Duration;

use transship::model::crash::POINTS;

use super::Torture;
use super::scene::faults;
use crate::support::process::told;

impl Torture {
    /// Runs a command and kills it at a random moment or at a named point, and the server now and then.
    pub(super) fn disturbed(&mut self, arguments: &[&str], left: &mut u32) -> Output {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.commands += 1;
        if *left == 0 {
            return command.output().unwrap();
        }
        *left -= 1;
        if self.draws.f64() < 0.4 {
            // No command of a round passes those of the archive.
            let points: Vec<&str> =
                POINTS.iter().copied().filter(|point| !point.starts_with("archive")).collect();
            let point = points[self.draws.usize(..points.len())];
            let often =
                point.starts_with("call") || point.starts_with("journal") || point.starts_with("before");
            let passage = if often && point != "journal.created" { self.draws.u32(1..16) } else { 1 };
            let output = command.env("TRANSSHIP_CRASH", format!("{point}:{passage}")).output().unwrap();
            if output.status.code().is_none() {
                self.kills += 1;
                *self.at_points.entry(point).or_default() += 1;
            }
            return output;
        }
        let mut child = command.spawn().unwrap();
        // Some live long enough to look for what is in doubt.
        let longest =
            if self.draws.f64() < 0.3 { self.pace.longest_life } else { Duration::from_millis(900) };
        let delay = Duration::from_millis(self.draws.u64(5..u64::try_from(longest.as_millis()).unwrap()));
        if self.draws.f64() < 0.15 {
            std::thread::sleep(delay / 2);
            self.restart_the_server();
            self.server_kills += 1;
        }
        std::thread::sleep(delay);
        let was_alive = child.try_wait().unwrap().is_none();
        // It may have ended by itself.
        let _ = child.kill();
        self.kills += u32::from(was_alive);
        child.wait_with_output().unwrap()
    }

    /// Kills the server, and starts it again with another clock and other faults.
    pub(super) fn restart_the_server(&mut self) {
        self.server.kill();
        std::thread::sleep(Duration::from_millis(self.draws.u64(5..150)));
        let skew = [self.draws.i64(-300..=300), self.draws.i64(-300..=300)];
        let seed = self.seed * 1000 + u64::from(self.server_kills);
        self.bench.write("faults.yaml", &faults(seed, self.pace, skew));
        self.server.restart(&self.bench);
    }

    /// Now and then a second process that wants the same run at the same time, from another home.
    pub(super) fn rival(&mut self, arguments: &[&str], left: u32) -> Option<Child> {
        if left == 0 || self.draws.f64() > 0.25 {
            return None;
        }
        self.rivals += 1;
        let mut command = self.command(arguments);
        command.env("HOME", self.bench.path("elsewhere")).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(self.draws.u64(0..200)));
        Some(child)
    }

    /// Ends a rival; whether there was one. `output` is that of the other process.
    pub(super) fn ended(&mut self, rival: Option<Child>, output: &Output) -> bool {
        let Some(mut rival) = rival else { return false };
        self.turned_away += u32::from(output.status.code() == Some(7));
        let longest = u64::try_from(self.pace.longest_life.as_millis()).unwrap();
        if self.draws.bool() {
            std::thread::sleep(Duration::from_millis(self.draws.u64(5..longest)));
        }
        self.kills += u32::from(rival.try_wait().unwrap().is_none());
        // It may have ended by itself.
        let _ = rival.kill();
        let output = rival.wait_with_output().unwrap();
        if let Some(code) = output.status.code() {
            self.turned_away += u32::from(code == 7);
            assert!(matches!(code, 0 | 1 | 7), "{}", told(&output));
        }
        true
    }
}
