"""Temporal behind TLS: a proxy with a certificate of a CA of our own, one that asks for a client's certificate, and an API key."""

import datetime
import ipaddress
import pathlib
import socket
import ssl
import sys
import threading

import hpack
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fleet_setting import Setting, port

program, temporal, work = sys.argv[1], sys.argv[2], sys.argv[3] + "/tls"
at = Setting(program, temporal, work)
KEY = "key-of-the-test"


def pem(name, certificate, key):
    cert = at.work / f"{name}.pem"
    cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = at.work / f"{name}.key"
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption()))
    return str(cert), str(secret)


def certificate(name, by=None):
    """A certificate: a CA's own, or one that a CA signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(by[0].subject if by else subject)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
               .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True))
    if by:
        names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(by[1] if by else key, hashes.SHA256()), key


def frames(into):
    """Reads HTTP/2 frames that a client sends; gives what its headers say of who it is to `into`."""
    buffer, decoder, preface = b"", hpack.Decoder(), 24

    def take(more):
        nonlocal buffer, preface
        buffer += more
        if preface and len(buffer) >= preface:
            buffer, preface = buffer[preface:], 0
        while not preface and len(buffer) >= 9:
            length, kind, flags = int.from_bytes(buffer[:3], "big"), buffer[3], buffer[4]
            if len(buffer) < 9 + length:
                return
            body, buffer = buffer[9:9 + length], buffer[9 + length:]
            if kind == 1:
                if flags & 0x8:
                    body = body[1:len(body) - body[0]]
                if flags & 0x20:
                    body = body[5:]
                into.update(value for name, value in decoder.decode(body) if name == "authorization")

    return take


def proxy(certificate_of, client_ca=None):
    """Ends TLS before the server; gives its port, and what clients said of who they are."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate_of)
    context.set_alpn_protocols(["h2"])
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    listener, said = socket.create_server(("127.0.0.1", port())), set()

    def pipe(source, target, seen=None):
        try:
            while more := source.recv(65536):
                if seen:
                    seen(more)
                target.sendall(more)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve(plain):
        try:
            inner = context.wrap_socket(plain, server_side=True)
        except (ssl.SSLError, OSError):
            return
        behind = socket.create_connection(("127.0.0.1", at.grpc))
        threading.Thread(target=pipe, args=(behind, inner), daemon=True).start()
        pipe(inner, behind, frames(said))

    def accept():
        while True:
            plain, _ = listener.accept()
            threading.Thread(target=serve, args=(plain,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1], said


try:
    ca, other_ca = certificate("a CA"), certificate("another CA")
    ca_file, other_file = pem("ca", *ca)[0], pem("other-ca", *other_ca)[0]
    of_server = pem("server", *certificate("localhost", ca))
    of_client = pem("client", *certificate("worker", ca))
    of_other = pem("other-client", *certificate("worker", other_ca))
    nothing = at.script("nothing", f'[ "$1" = run ] || exec {program} transship "$@"\nexit 0')
    at.job("job.yaml")

    def tls(where, ca_of=ca_file, client=None, **more):
        variables = {"TEMPORAL_ADDRESS": f"127.0.0.1:{where}", "TEMPORAL_TLS": "true",
                     "TEMPORAL_TLS_SERVER_CA_CERT_PATH": ca_of, **more}
        if client:
            variables |= {"TEMPORAL_TLS_CLIENT_CERT_PATH": client[0], "TEMPORAL_TLS_CLIENT_KEY_PATH": client[1]}
        return variables

    def does(name, variables):
        """A worker and a fleet, both over that connection."""
        at.fleet(name, [f"{name}-1", f"{name}-2"])
        worker = at.start("worker", "--slots", "2", "--transship", nothing, **variables)
        code, said = at.call("submit", f"{name}.yaml", "--wait", **variables)
        stopped = at.stop(worker)
        if code != 0:
            print(said)
        return code == 0 and stopped and len(at.results(name)) == 2

    def refused(variables):
        code, said = at.call("submit", "ca.yaml", **variables)
        return code not in (0, None) and "TEMPORAL_TLS" in said

    plain, _ = proxy(of_server)
    at.check("with the CA of the server a worker and a fleet work over TLS", does("ca", tls(plain)))
    at.check("with another CA nothing is sent, and it is said which variables to look at", refused(tls(plain, other_file)))
    at.check("a server with TLS is not reached without it", refused({"TEMPORAL_ADDRESS": f"127.0.0.1:{plain}"}))
    mutual, _ = proxy(of_server, ca_file)
    at.check("with a client's certificate they work where the server asks for one", does("client", tls(mutual, client=of_client)))
    at.check("without one, or with another CA's, they do not",
             refused(tls(mutual)) and refused(tls(mutual, client=of_other)))
    keyed, said = proxy(of_server)
    variables = tls(keyed, TEMPORAL_API_KEY=KEY)
    variables.pop("TEMPORAL_TLS")
    at.check("with an API key TLS needs no variable of its own, and they work", does("key", variables))
    at.check("each call bears the key", said == {f"Bearer {KEY}"})
    log = (at.work / "log").read_text()
    at.check("the key is printed nowhere", KEY not in log)
finally:
    at.end()
sys.exit(f"not so: {len(at.ended_badly)}" if at.ended_badly else 0)
