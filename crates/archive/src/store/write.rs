//! Writes of whole objects: on condition or not, sent again where that is safe, and recognised by what they hold.

use std::time::Duration;

use bytes::Bytes;
use object_store::{Error, PutMode, PutOptions, UpdateVersion};

use super::Store;
use crate::ArchiveError;

/// How often a write that got no good answer is sent in all.
const WRITES: u32 = 2;

/// How often a write is sent again that the storage refused although nothing is in its way: S3 answers so (409) while two
/// conditional writes of one name are under way, also where the other one comes to nothing.
const CONFLICTS: u32 = 6;
/// The pause before the first of these; it doubles with each.
const CONFLICT_PAUSE: Duration = Duration::from_millis(50);

/// Whether an error says that the storage holds something else. To a replacement that is also what is gone; to a new
/// object a storage that is not there is a failure.
pub(super) fn is_refusal(error: &Error, mode: &PutMode) -> bool {
    match error {
        Error::AlreadyExists { .. } | Error::Precondition { .. } => *mode != PutMode::Overwrite,
        Error::NotFound { .. } => matches!(mode, PutMode::Update(_)),
        _ => false,
    }
}

/// What a write came to.
enum Written {
    Done,
    /// The storage holds an object of this name, or another version.
    Refused {
        /// It has exactly the bytes that were to be written.
        is_own: bool,
    },
    /// The storage cannot tell versions apart.
    NotSupported,
}

/// The object that caused a write to be refused.
enum Existing {
    /// Exactly the bytes that were to be written.
    Own,
    /// Something else, or nothing where a version was to be replaced.
    Other,
    /// Nothing that is in the way of the write.
    AsBefore,
}

impl Store {
    /// Writes an object. A write whose answer is lost may have been carried out: it is looked up before it is
    /// sent again, and what was written by an earlier sending of it is its own.
    async fn put(&self, name: &str, bytes: &Bytes, mode: PutMode) -> Result<Written, ArchiveError> {
        let path = self.path(name);
        let (mut failures, mut conflicts) = (0, 0);
        for attempt in 1.. {
            let options = PutOptions { mode: mode.clone(), ..PutOptions::default() };
            let put = self.inner.put_opts(&path, bytes.clone().into(), options);
            let failed = match self.timed("write", name, put).await {
                Ok(Ok(_)) => return Ok(Written::Done),
                Ok(Err(error)) if is_refusal(&error, &mode) => {
                    match self.existing(name, bytes, &mode).await? {
                        Existing::Own if attempt > 1 => return Ok(Written::Done),
                        Existing::Own => return Ok(Written::Refused { is_own: true }),
                        Existing::Other => return Ok(Written::Refused { is_own: false }),
                        Existing::AsBefore if conflicts >= CONFLICTS => {
                            return Err(self.error("write", name)(error));
                        }
                        Existing::AsBefore => {}
                    }
                    tokio::time::sleep(CONFLICT_PAUSE * (1 << conflicts)).await;
                    conflicts += 1;
                    continue;
                }
                Ok(Err(Error::NotImplemented { .. } | Error::NotSupported { .. }))
                    if matches!(mode, PutMode::Update(_)) =>
                {
                    return Ok(Written::NotSupported);
                }
                Ok(Err(error)) => self.error("write", name)(error),
                Err(slow) => slow,
            };
            if self.holds(name, bytes).await {
                return Ok(Written::Done);
            }
            failures += 1;
            if failures >= WRITES {
                return Err(failed);
            }
        }
        unreachable!("the loop ends by its last attempt")
    }

    /// What stands where a write was refused: a refusal alone does not say that something does.
    async fn existing(&self, name: &str, bytes: &Bytes, mode: &PutMode) -> Result<Existing, ArchiveError> {
        Ok(match (self.read_version(name).await?, mode) {
            (Some((found, _)), _) if found == *bytes => Existing::Own,
            (Some((_, found)), PutMode::Update(known))
                if (&found.e_tag, &found.version) == (&known.e_tag, &known.version) =>
            {
                Existing::AsBefore
            }
            (Some(_), _) | (None, PutMode::Update(_)) => Existing::Other,
            (None, _) => Existing::AsBefore,
        })
    }

    /// Whether an object exists and has exactly these bytes.
    pub(super) async fn holds(&self, name: &str, bytes: &Bytes) -> bool {
        matches!(self.read(name).await, Ok(Some(found)) if found == *bytes)
    }

    /// Writes an object unless there is one of this name. Whether it was written.
    pub(in super::super) async fn create(&self, name: &str, bytes: Bytes) -> Result<bool, ArchiveError> {
        Ok(matches!(self.put(name, &bytes, PutMode::Create).await?, Written::Done))
    }

    /// Writes an object unless there is another of this name. Whether it is there now: a client of the storage that
    /// repeats a write by itself is told that its own object exists already.
    pub(in super::super) async fn create_own(&self, name: &str, bytes: Bytes) -> Result<bool, ArchiveError> {
        Ok(matches!(
            self.put(name, &bytes, PutMode::Create).await?,
            Written::Done | Written::Refused { is_own: true }
        ))
    }

    /// Writes an object, whatever is there.
    pub(in super::super) async fn replace(&self, name: &str, bytes: Bytes) -> Result<(), ArchiveError> {
        match self.put(name, &bytes, PutMode::Overwrite).await? {
            Written::Done => Ok(()),
            Written::Refused { .. } | Written::NotSupported => {
                Err(ArchiveError::Refused(format!("{name} could not be replaced in {}", self.place)))
            }
        }
    }

    /// Writes an object if it is still in this version, and says whether it is there now; `None` where the storage
    /// cannot tell versions apart.
    async fn put_if(
        &self,
        name: &str,
        bytes: &Bytes,
        version: UpdateVersion,
    ) -> Result<Option<bool>, ArchiveError> {
        match self.put(name, bytes, PutMode::Update(version)).await? {
            Written::Done => Ok(Some(true)),
            Written::Refused { is_own } => Ok(Some(is_own)),
            Written::NotSupported => Ok(None),
        }
    }

    /// Writes an object if it is still in this version. A storage that cannot tell versions apart just writes.
    pub(in super::super) async fn replace_if(
        &self,
        name: &str,
        bytes: Bytes,
        version: UpdateVersion,
    ) -> Result<bool, ArchiveError> {
        match self.put_if(name, &bytes, version).await? {
            Some(written) => Ok(written),
            None => self.replace(name, bytes).await.map(|()| true),
        }
    }

    /// Writes an object if it is still in this version.
    pub(in super::super) async fn replace_only_if(
        &self,
        name: &str,
        bytes: Bytes,
        version: UpdateVersion,
    ) -> Result<bool, ArchiveError> {
        self.put_if(name, &bytes, version).await?.ok_or_else(|| {
            ArchiveError::Refused(format!(
                "{} cannot write on condition, which leases need: take another storage",
                self.place
            ))
        })
    }
}
