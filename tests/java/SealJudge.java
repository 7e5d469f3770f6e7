import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.asn1.DERTaggedObject;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.SignedData;
import org.bouncycastle.asn1.cms.SignerInfo;
import org.bouncycastle.asn1.ocsp.OCSPResponse;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.tsp.TimeStampToken;

/** Judges CAdES seals with Bouncy Castle: SealJudge CONTENT SEAL... says what it found in each. */
public class SealJudge {
    private static final ASN1ObjectIdentifier ARCHIVE = new ASN1ObjectIdentifier("0.4.0.1733.2.4");
    private static final ASN1ObjectIdentifier INDEX = new ASN1ObjectIdentifier("0.4.0.19122.1.5");

    public static void main(String[] files) throws Exception {
        byte[] content = Files.readAllBytes(Paths.get(files[0]));
        for (int place = 1; place < files.length; place++) {
            String verdict;
            try {
                verdict = judge(content, Paths.get(files[place]));
            } catch (Exception error) {
                verdict = "refused: " + error.getClass().getSimpleName() + ": " + error.getMessage();
            }
            System.out.println(verdict.replace('\n', ' '));
        }
    }

    private static String judge(byte[] content, Path file) throws Exception {
        CMSSignedData seal = new CMSSignedData(new CMSProcessableByteArray(content), Files.readAllBytes(file));
        SignerInformation signer = seal.getSignerInfos().getSigners().iterator().next();
        X509CertificateHolder own = (X509CertificateHolder) seal.getCertificates().getMatches(signer.getSID())
            .iterator().next();
        if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().build(own))) {
            throw new Exception("the signature is not the signer's");
        }
        int lists = 0;
        for (X509CRLHolder list : seal.getCRLs().getMatches(null)) {
            lists += list.getIssuer() != null ? 1 : 0;
        }
        int answers = 0;
        for (Object told : seal.getOtherRevocationInfo(CMSObjectIdentifiers.id_ri_ocsp_response).getMatches(null)) {
            OCSPResp response = new OCSPResp(OCSPResponse.getInstance(told));
            answers += ((BasicOCSPResp) response.getResponseObject()).getResponses().length;
        }
        int archived = 0;
        for (ASN1Encodable attribute : signer.getUnsignedAttributes().toASN1Structure().getAttributes()) {
            Attribute one = Attribute.getInstance(attribute);
            if (one.getAttrType().equals(ARCHIVE)) {
                archived(content, seal, signer, new TimeStampToken(new CMSSignedData(
                    one.getAttrValues().getObjectAt(0).toASN1Primitive().getEncoded())));
                archived++;
            }
        }
        return "ok: " + lists + " lists, " + answers + " answers, " + archived + " archive timestamps";
    }

    /** ETSI EN 319 122-1, clause 5.5: the token is over what the signature holds, by the authority that it names. */
    private static void archived(byte[] content, CMSSignedData seal, SignerInformation signer, TimeStampToken token)
            throws Exception {
        X509CertificateHolder authority = (X509CertificateHolder) token.getCertificates().getMatches(token.getSID())
            .iterator().next();
        token.validate(new JcaSimpleSignerInfoVerifierBuilder().build(authority));
        ASN1Sequence index = ASN1Sequence.getInstance(
            token.getUnsignedAttributes().get(INDEX).getAttrValues().getObjectAt(0));
        SignedData data = SignedData.getInstance(seal.toASN1Structure().getContent());
        found(index.getObjectAt(1), data.getCertificates());
        found(index.getObjectAt(2), data.getCRLs());
        Set<String> attributes = new HashSet<>();
        for (ASN1Encodable attribute : signer.getUnsignedAttributes().toASN1Structure().getAttributes()) {
            Attribute one = Attribute.getInstance(attribute);
            for (ASN1Encodable value : one.getAttrValues()) {
                attributes.add(hex(joined(one.getAttrType(), value.toASN1Primitive())));
            }
        }
        for (ASN1Encodable told : ASN1Sequence.getInstance(index.getObjectAt(3))) {
            if (!attributes.contains(plain(ASN1OctetString.getInstance(told).getOctets()))) {
                throw new Exception("the index names an attribute that is not there");
            }
        }
        SignerInfo info = signer.toASN1Structure();
        ByteArrayOutputStream parts = new ByteArrayOutputStream();
        parts.write(joined(data.getEncapContentInfo().getContentType()));
        parts.write(MessageDigest.getInstance("SHA-256").digest(content));
        parts.write(joined(info.getVersion(), info.getSID().toASN1Primitive(), info.getDigestAlgorithm(),
            new DERTaggedObject(false, 0, info.getAuthenticatedAttributes()), info.getDigestEncryptionAlgorithm(),
            info.getEncryptedDigest(), index));
        byte[] imprint = MessageDigest.getInstance("SHA-256").digest(parts.toByteArray());
        if (!MessageDigest.isEqual(imprint, token.getTimeStampInfo().getMessageImprintDigest())) {
            throw new Exception("the archive timestamp is over something else");
        }
    }

    private static void found(ASN1Encodable told, ASN1Set held) throws Exception {
        Set<String> hashes = new HashSet<>();
        for (ASN1Encodable one : held) {
            hashes.add(hex(one.toASN1Primitive().getEncoded()));
        }
        for (ASN1Encodable one : ASN1Sequence.getInstance(told)) {
            if (!hashes.remove(plain(ASN1OctetString.getInstance(one).getOctets()))) {
                throw new Exception("the index names something that is not there");
            }
        }
        if (!hashes.isEmpty()) {
            throw new Exception("something is not in the index");
        }
    }

    private static byte[] joined(ASN1Encodable... parts) throws Exception {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (ASN1Encodable part : parts) {
            all.write(part.toASN1Primitive().getEncoded());
        }
        return all.toByteArray();
    }

    private static String hex(byte[] data) throws Exception {
        return plain(MessageDigest.getInstance("SHA-256").digest(data));
    }

    private static String plain(byte[] digest) {
        return new java.math.BigInteger(1, digest).toString(16);
    }
}
