import { assertEquals } from "@std/assert";
import { isOneTimeLink } from "../../../lib/http/address/one_time_link.ts";

/** Links as download pages, players and storage services hand them out. */
const ONE_TIME = [
  "http://h/file.bin?token=1",
  "http://h/file.bin?",
  "http://h/d/q7Zk2WfPx0RbN4tE/film.mkv",
  "http://h/d/AbC123xyz/film.mkv",
  "http://h/get/dQw4w9WgXcQ",
  "http://h/dl/123e4567-e89b-12d3-a456-426614174000/film.mkv",
  "http://h/dl/123E4567-E89B-12D3-A456-426614174000",
  "http://h/download/9f86d081884c7d659a2feaa0c55ad015/film.mkv",
  "http://h/download/5F4DCC3B5AA765D6/film.mkv",
  "http://h/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b/1700000000/film.mkv",
  "http://h/p/_e4Nc3iduzkWRm01TBBNYw/1700000000/film.mkv",
  "http://h/t/zQ3v-Lk29_fWqT0b7aXc-1dPn8YsE5rUhGm4jKoRiw/film.mkv",
  "http://h/t/01ARZ3NDEKTSV4RRFFQ69G5FAV/film.mkv",
  "http://h/s/k3j9x0q2m5w8r1t6/film.mkv",
  "http://h/exp=1700000000~acl=/*~hmac=abc/film.mkv",
  "http://h/v/token=abc/film.mkv",
  "http://h/film;ticket=abc/film.mkv",
  "http://h/a/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N/film.mkv",
  "http://h/t/q7Zk2WfPx0RbN4tE%3D%3D/film.mkv",
  "http://h/x/film-q7Zk2WfPx0RbN4tE.mkv",
  // The address of one connection is no part of it.
  "http://h/d/q7Zk2WfPx0RbN4tE/film.mkv#127.0.0.1",
];

/** Files as mirrors have them. */
const LASTING = [
  "http://h/",
  "http://h",
  "http://h/file.bin",
  "http://h/file.bin#127.0.0.1?",
  "http://q7Zk2WfPx0RbN4tE.cdn.test/file.bin",
  "http://h/debian/pool/main/g/glibc/libc6-dev-x32-cross_2.36-8cross1_all.deb",
  "http://h/debian/pool/main/g/gcc-12-cross-mipsen/cpp-12-mipsisa64r6el-linux-gnuabi64_12.2.0-14cross5_amd64.deb",
  "http://h/debian/pool/main/q/qtx11extras-opensource-src/libqt5x11extras5-dev_5.15.8-2_amd64.deb",
  "http://h/debian/pool/main/g/golang-x-sys/golang-golang-x-sys-dev_0.3.0-1_all.deb",
  "http://h/debian/pool/main/p/p/podman-toolbox_0.0.99.3+git20230118+446d7bfdef6a-2_amd64.deb",
  "http://h/debian/dists/stable/main/binary-amd64/by-hash/SHA256/9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015",
  "http://h/debian/dists/bookworm-proposed-updates/InRelease",
  "http://h/debian-cd/12.5.0/amd64/iso-cd/debian-12.5.0-amd64-netinst.iso",
  "http://h/releases/24.04.1/ubuntu-24.04.1-live-server-amd64.iso",
  "http://h/ubuntu/daily-live/20240423.1/noble-desktop-amd64.iso",
  "http://h/fedora/linux/releases/39/Workstation/x86_64/iso/Fedora-Workstation-Live-x86_64-39-1.5.iso",
  "http://h/fedora/updates/39/Everything/x86_64/repodata/9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015-primary.xml.gz",
  "http://h/iso/Win10_22H2_EnglishInternational_x64v1.iso",
  "http://h/iso/SW_DVD9_Win_Server_STD_CORE_2022_2108.15_64Bit_English_DC_STD_MLF_X23-31801.ISO",
  "http://h/libreoffice/stable/24.2.0/deb/x86_64/LibreOffice_24.2.0_Linux_x86-64_deb.tar.gz",
  "http://h/gnu/gcc/gcc-13.2.0/gcc-13.2.0.tar.xz",
  "http://h/pub/linux/kernel/v6.x/linux-6.5.tar.sign",
  "http://h/pub/OpenBSD/7.4/amd64/install74.iso",
  "http://h/CTAN/macros/latex/contrib/koma-script/doc/scrguide-en.pdf",
  "http://h/maven2/org/springframework/spring-core/6.1.1/spring-core-6.1.1.jar",
  "http://h/pypi/web/packages/2f/b3/9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad0/numpy-1.26.4-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
  "http://h/nar/1w1fff338fvdw53sqgamddn1b2xgds473pv6y13gizdbqjv4i5p3.nar.xz",
  "http://h/ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG/readme",
  "http://h/v2/library/debian/blobs/sha256:9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015",
  "http://h/planet/2024/planet-240101.osm.pbf",
  "http://h/backup/db-20240101T120000Z.sql.gz",
  "http://h/backup/2024-01-01T12:00:00+01:00/dump.tar",
  "http://h/Filme/Die%20sieben%20Samurai%20(1954)%20[1080p]%20x264%20DTS-HD%20MA5.1.mkv",
  "http://h/films/The.Third.Man.1949.1080p.BluRay.x264.DD5.1-GROUP.mkv",
  "http://h/%E6%9D%B1%E4%BA%AC%E7%89%A9%E8%AA%9E%E6%9D%B1%E4%BA%AC/film.mkv",
];

Deno.test("isOneTimeLink(): a query, a signature, a UUID or a token in the path", () => {
  assertEquals(ONE_TIME.filter((url) => !isOneTimeLink(url)), []);
});

Deno.test("isOneTimeLink(): names, versions, dates and addresses by content are none", () => {
  assertEquals(LASTING.filter(isOneTimeLink), []);
});
