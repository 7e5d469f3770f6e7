import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.tsp.TimeStampReq;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.SignerInformationVerifier;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.ers.ERSByteData;
import org.bouncycastle.tsp.ers.ERSData;
import org.bouncycastle.tsp.ers.ERSDataGroup;
import org.bouncycastle.tsp.ers.ERSEvidenceRecord;

/** Judges evidence records with Bouncy Castle: each folder named holds record.ers, tsa.der, at.txt, documents/*. */
public class EvidenceJudge {
    public static void main(String[] folders) throws Exception {
        DigestCalculatorProvider digests = new JcaDigestCalculatorProviderBuilder().build();
        for (String folder : folders) {
            String verdict;
            try {
                judge(Paths.get(folder), digests);
                verdict = "ok";
            } catch (Exception error) {
                verdict = "refused: " + error.getClass().getSimpleName() + ": " + error.getMessage();
            }
            System.out.println(verdict.replace('\n', ' '));
        }
    }

    private static void judge(Path folder, DigestCalculatorProvider digests) throws Exception {
        Date at = Date.from(Instant.parse(new String(Files.readAllBytes(folder.resolve("at.txt"))).trim()));
        List<ERSData> documents = new ArrayList<>();
        try (var files = Files.list(folder.resolve("documents"))) {
            for (Path file : (Iterable<Path>) files.sorted()::iterator) {
                documents.add(new ERSByteData(Files.readAllBytes(file)));
            }
        }
        ERSEvidenceRecord record = new ERSEvidenceRecord(Files.readAllBytes(folder.resolve("record.ers")), digests);
        record.validatePresent(new ERSDataGroup(documents), at);
        InputStream certificate = new ByteArrayInputStream(Files.readAllBytes(folder.resolve("tsa.der")));
        X509Certificate tsa = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(certificate);
        record.validate(new JcaSimpleSignerInfoVerifierBuilder().build(tsa));
    }
}
