# The keys and certificates of one cluster, below pki/ in the current folder; sourced by up.sh.
#
# A CA, a serving certificate for loopback (also used by kwok and by proxies of tests), a client certificate of an
# administrator, and the key pair that signs the tokens of service accounts. All of them are good for 30 days.

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "pki/$1.key"; }

certify() { # name, subject, extensions
    new_key "$1"
    openssl req -new -key "pki/$1.key" -subj "$2" -out "pki/$1.csr"
    openssl x509 -req -in "pki/$1.csr" -CA pki/ca.crt -CAkey pki/ca.key -CAcreateserial -days 30 -out "pki/$1.crt" \
        -extfile <(printf '%s\n' basicConstraints=CA:FALSE subjectKeyIdentifier=hash authorityKeyIdentifier=keyid "$3") \
        2>/dev/null
    rm "pki/$1.csr"
}

make_pki() {
    mkdir -p pki
    new_key ca
    openssl req -x509 -new -key pki/ca.key -subj /CN=kusion-test-ca -days 30 \
        -addext keyUsage=critical,keyCertSign,cRLSign -out pki/ca.crt
    certify server /CN=kube-apiserver "extendedKeyUsage=serverAuth
subjectAltName=IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
    certify admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
    new_key service-accounts
    openssl ec -in pki/service-accounts.key -pubout -out pki/service-accounts.pub 2>/dev/null
    # token, user, number, groups: what a proxy that ends TLS can pass on, and users without rights of their own.
    printf '%s\n' \
        'admin-token,admin-by-token,1,system:masters' \
        'developer-token,developer,2,' \
        'nobody-token,nobody,3,' >pki/tokens.csv
}

# Kubeconfig files are written as JSON, which is YAML, so that tests change them without a YAML library.
kubeconfig() { # file, cluster's name, port, user's fields
    cat >"$1" <<EOF
{"apiVersion": "v1", "kind": "Config", "current-context": "$2",
 "clusters": [{"name": "$2", "cluster":
   {"server": "https://127.0.0.1:$3", "certificate-authority-data": "$(base64 -w0 pki/ca.crt)"}}],
 "contexts": [{"name": "$2", "context": {"cluster": "$2", "user": "$2", "namespace": "default"}}],
 "users": [{"name": "$2", "user": {$4}}]}
EOF
    chmod 600 "$1"
}
