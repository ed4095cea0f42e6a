//! Fingerprints the engine's sources, so that a run's id never mixes versions.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What decides the rows of a run: the rooms that simulate, and the versions they were built with.
const ENGINE: [&str; 5] = ["market/src", "agents/src", "scenarios", "twin/src", "Cargo.lock"];

fn main() -> io::Result<()> {
    let mut files = Vec::new();
    for path in ENGINE {
        println!("cargo::rerun-if-changed={path}");
        collect(Path::new(path), &mut files)?;
    }
    files.sort();
    let mut hasher = blake3::Hasher::new();
    for file in files {
        hasher.update(file.to_string_lossy().as_bytes());
        hasher.update(&fs::read(&file)?);
    }
    println!("cargo::rustc-env=CARIFLEX_ENGINE={}", &hasher.finalize().to_hex()[..16]);
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_file() {
        files.push(path.into());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
