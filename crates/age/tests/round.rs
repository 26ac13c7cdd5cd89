//! What is written can be read, of any length and by any of its recipients.

use std::io::{Read, Write};

use secrecy::SecretString;
use transship_age::{DecryptError, Identity, Opener, armour, decrypt, encrypt_to, encrypt_with_passphrase};

/// Bytes of a chunk.
const CHUNK: usize = 64 * 1024;

fn opened(file: &[u8], opener: Opener<'_>) -> Vec<u8> {
    let mut plain = Vec::new();
    decrypt(file, opener).expect("it opens").read_to_end(&mut plain).expect("it is whole");
    plain
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from(index % 251).expect("below 251")).collect()
}

#[test]
fn texts_around_the_length_of_a_chunk_come_back() {
    let key = [Identity::generate()];
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7] {
        // Written in pieces that do not divide the chunk.
        let mut writer = encrypt_to(&[key[0].to_public()], Vec::new()).expect("a recipient");
        for piece in text(length).chunks(1000) {
            writer.write_all(piece).expect("written");
        }
        let file = writer.finish().expect("finished");
        assert_eq!(opened(&file, Opener::Keys(&key)), text(length), "{length}");
        assert_eq!(
            opened(&armour::unwrap(&armour::wrap(&file)).expect("armour"), Opener::Keys(&key)),
            text(length)
        );
    }
}

#[test]
fn each_of_many_recipients_opens_it_and_nobody_else() {
    let keys: Vec<Identity> = (0..5).map(|_| Identity::generate()).collect();
    let public: Vec<_> = keys.iter().map(Identity::to_public).collect();
    let mut writer = encrypt_to(&public, Vec::new()).expect("recipients");
    writer.write_all(b"kept").expect("written");
    let file = writer.finish().expect("finished");
    for key in keys.chunks(1) {
        assert_eq!(opened(&file, Opener::Keys(key)), b"kept");
    }
    let stranger = [Identity::generate()];
    assert!(matches!(decrypt(file.as_slice(), Opener::Keys(&stranger)), Err(DecryptError::NoMatch)));
    assert!(encrypt_to(&[], Vec::new()).is_err(), "a file for nobody");
}

#[test]
fn a_passphrase_opens_it_and_no_other_and_a_dear_one_is_not_tried() {
    let words = SecretString::from("eight words would be better");
    let mut writer = encrypt_with_passphrase(&words, 5, Vec::new()).expect("a cost");
    writer.write_all(b"kept").expect("written");
    let file = writer.finish().expect("finished");
    assert_eq!(opened(&file, Opener::Passphrase { words: &words, max_cost: 5 }), b"kept");
    let other = SecretString::from("eight words would be bitter");
    let refused = decrypt(file.as_slice(), Opener::Passphrase { words: &other, max_cost: 5 });
    assert!(matches!(refused, Err(DecryptError::NoMatch)));
    let dear = decrypt(file.as_slice(), Opener::Passphrase { words: &words, max_cost: 4 });
    assert!(matches!(dear, Err(DecryptError::TooDear { asked: 5, allowed: 4 })));
    for cost in [0, 64, 255] {
        assert!(encrypt_with_passphrase(&words, cost, Vec::new()).is_err(), "{cost}");
    }
}

#[test]
fn a_file_that_was_cut_or_changed_anywhere_is_refused() {
    let key = [Identity::generate()];
    let mut writer = encrypt_to(&[key[0].to_public()], Vec::new()).expect("a recipient");
    writer.write_all(b"kept, and nothing else").expect("written");
    let file = writer.finish().expect("finished");
    let opens = |file: &[u8]| {
        decrypt(file, Opener::Keys(&key)).is_ok_and(|mut reader| reader.read_to_end(&mut Vec::new()).is_ok())
    };
    assert!(opens(&file));
    for at in 0..file.len() {
        assert!(!opens(&file[..at]), "cut at {at}");
        for bit in 0..8 {
            let mut changed = file.clone();
            changed[at] ^= 1 << bit;
            assert!(!opens(&changed), "bit {bit} of byte {at}");
        }
    }
    let longer = [file.as_slice(), b"x"].concat();
    assert!(!opens(&longer));
}
