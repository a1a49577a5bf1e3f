//! How much memory processes take, from `/proc`.

use std::collections::BTreeMap;
use std::fs;

/// The processes of one name.
pub(crate) struct Memory {
    pub(crate) name: String,
    pub(crate) processes: usize,
    /// What they take together.
    pub(crate) all_mb: f64,
    /// What the largest of them takes now.
    pub(crate) rss_mb: f64,
    /// What the largest of them took at most.
    pub(crate) peak_mb: f64,
    /// Whether it is the stack itself, with the database in it.
    pub(crate) is_stack: bool,
}

/// The stack, and the processes that it started, by name.
pub(crate) fn of_stack(pid: u32) -> Vec<Memory> {
    let mut found: BTreeMap<(bool, String), Memory> = BTreeMap::new();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for number in processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        // It may have ended meanwhile.
        let Ok(status) = fs::read_to_string(format!("/proc/{number}/status")) else { continue };
        let is_stack = number == pid;
        if !is_stack && field(&status, "PPid") != Some(&pid.to_string()) {
            continue;
        }
        // The name in `status` is cut after 15 characters.
        let path = fs::read_link(format!("/proc/{number}/exe")).unwrap_or_default();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let memory = found.entry((!is_stack, name.clone())).or_insert_with(|| Memory {
            name: if is_stack { "the stack, with the database".to_owned() } else { name },
            processes: 0,
            all_mb: 0.0,
            rss_mb: 0.0,
            peak_mb: 0.0,
            is_stack,
        });
        memory.processes += 1;
        memory.all_mb += megabytes(&status, "VmRSS");
        memory.rss_mb = memory.rss_mb.max(megabytes(&status, "VmRSS"));
        memory.peak_mb = memory.peak_mb.max(megabytes(&status, "VmHWM"));
    }
    found.into_values().collect()
}

/// What the largest of the processes that `pid` started took at most, in MB.
pub(crate) fn peak_of_children(pid: u32) -> f64 {
    of_stack(pid).iter().filter(|memory| !memory.is_stack).map(|memory| memory.peak_mb).fold(0.0, f64::max)
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
}

/// The kernel counts in KB of 1,024 bytes.
fn megabytes(status: &str, name: &str) -> f64 {
    let kilobytes =
        field(status, name).and_then(|value| value.strip_suffix("kB")?.trim().parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) * 1_024.0 / 1_000_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_process_is_read_from_its_status() {
        let status = "Name:\tjoin\nPPid:\t7\nVmHWM:\t    9000 kB\nVmRSS:\t    1000 kB\n";
        assert_eq!(field(status, "PPid"), Some("7"));
        assert!((megabytes(status, "VmRSS") - 1.024).abs() < 1e-9);
        assert!(megabytes(status, "VmSwap").abs() < 1e-9);
    }

    #[test]
    fn this_process_is_found() {
        let own = of_stack(std::process::id());
        assert!(own.iter().any(|memory| memory.is_stack && memory.peak_mb > 0.0));
    }
}
