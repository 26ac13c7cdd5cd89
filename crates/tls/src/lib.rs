//! The one place where the TLS implementation is chosen: rustls with ring.
//!
//! ring builds in a few seconds where aws-lc takes more than a minute of C. The price: no post-quantum key exchange.

/// Makes ring the provider of every TLS connection of this process, unless the program already installed one.
///
/// Every HTTP client in this workspace calls it before it is built, so neither the binary nor a test nor a user of
/// the library has to. Cheap to call again.
pub fn install_provider() {
    // An error means that a provider is installed, by an earlier call or by the program that embeds this library.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
