"""Which files a record may name."""

from __future__ import annotations

import os

import pytest

from target_pipedrive.sources import Sources


@pytest.fixture
def spool(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "spool" / "ab").mkdir(parents=True)
    (tmp_path / "spool" / "ab" / "abc").write_text("content")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "spool" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "spool" / "loop").symlink_to(tmp_path / "spool" / "loop")
    (tmp_path / "spool" / "inner").symlink_to("ab/abc")
    return tmp_path / "spool"


@pytest.mark.parametrize(
    "uri",
    ["spool/ab/abc", "{}/ab/abc", "file://{}/ab/abc", "local://{}/ab/abc", "{}/inner", "{}/gone"],
)
@pytest.mark.parametrize("root", ["spool", "{}", "file://{}", "spool/", "./spool/../spool"])
def test_files_of_the_folder_may_be_read(spool, root, uri):
    assert Sources([root.format(spool)]).allow(uri.format(spool))


OUTSIDE = [
    "file:///etc/passwd",
    "/etc/passwd",
    "/proc/self/environ",
    "/dev/zero",
    "secret",
    "spool/../secret",
    "file://{}/../secret",
    "{}/ab/../../secret",
    "{}/link",
    "{}/loop",
    "{}",
    "{}-other/abc",
    "~/secret",
    "file://~/secret",
    "",
    "file:{}/../secret",
    "file:///proc/self/cwd/secret",
    "http://169.254.169.254/latest/meta-data",
    "http://127.0.0.1:8932/api/v1/users",
    "https://evil.example/x",
    "ftp://evil.example/x",
    "s3://bucket/key",
    "memory://x",
    "data:text/plain,hello",
    "github://org:repo@main/x",
    "reference://x",
    "simplecache::file:///etc/passwd",
    "simplecache::file://{}/ab/abc",
    "zip://x::file://{}/ab/abc",
    "filecache::https://evil.example/x",
    "{}/ab/abc\x00.txt",
    "FILE:///etc/passwd",
    "\\\\server\\share\\x",
]


@pytest.mark.parametrize("uri", OUTSIDE, ids=repr)
def test_nothing_else_may(spool, uri):
    assert not Sources([str(spool)]).allow(uri.format(spool))
    assert not Sources([]).allow(uri.format(spool))


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("s3://bucket/spool/ab/abc", True),
        ("s3://bucket/spool/a b", False),
        ("s3://bucket/spool/../secret", False),
        ("s3://bucket/spool/%2e%2e/secret", False),
        ("s3://bucket/spool/..", False),
        ("s3://bucket/spool/./x", False),
        ("s3://bucket/spool//secret", False),
        ("s3://bucket/spool/x?versionId=1", False),
        ("s3://bucket/spool/x#y", False),
        ("s3://bucket/spool\\..\\secret", False),
        ("s3://bucket/spool-other/x", False),
        ("s3://bucket/spool", False),
        ("s3://other/spool/x", False),
        ("s3://evil@bucket/spool/x", False),
        ("S3://bucket/spool/x", False),
        ("gs://bucket/spool/x", False),
        ("bucket/spool/x", False),
    ],
)
@pytest.mark.parametrize("root", ["s3://bucket/spool", "s3://bucket/spool/"])
def test_of_a_store_only_what_is_below_the_folder(root, uri, allowed):
    assert Sources([root]).allow(uri) is allowed


def test_a_spool_behind_a_link_is_the_spool(spool, tmp_path):
    (tmp_path / "volume").symlink_to(spool)
    assert Sources(["volume"]).allow(os.fspath(spool / "ab" / "abc"))
    assert Sources([str(spool)]).allow("volume/ab/abc")
